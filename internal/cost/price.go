package cost

import (
	"maps"
	"slices"
	"strconv"
)

// Source says where a price was read.
type Source struct {
	Doc  string // empty: from memory
	Date string
}

// Price is what Item.Per units cost.
type Price struct {
	USD  float64
	From *Source
}

// Tier is a price up to a quantity, in Item.Per units since the tier before;
// 0 is no end.
type Tier struct {
	UpTo  float64
	Price Price
}

// Tiers are prices that change with the quantity.
type Tiers []Tier

// of is what a quantity costs, and whether a price of it is from memory.
func (t Tiers) of(quantity float64) (usd float64, memory bool) {
	from := 0.0
	for _, tier := range t {
		q := quantity - from
		if tier.UpTo > 0 && quantity > tier.UpTo {
			q = tier.UpTo - from
		}
		if q <= 0 && from > 0 {
			break
		}
		usd += q * tier.Price.USD
		memory = memory || tier.Price.From.Doc == ""
		from = tier.UpTo
	}
	return usd, memory
}

// Item is one thing that AWS charges for.
type Item struct {
	Service, Name string
	Unit          string  // of a quantity
	Per           float64 // units that a price is for; 0 is 1
	Free          float64 // units a month that cost nothing, for as long as there is an account
	Resource      string  // CloudFormation's type, if a quantity is a number of these
	Planned       bool    // a flat-rate plan pays for it
	Needs         feature // of a flat-rate plan, where it is there; 0 for none
	Prices        map[string]Tiers
}

func (it *Item) per() float64 {
	if it.Per == 0 {
		return 1
	}
	return it.Per
}

// in are the prices in a region: its own, or those that hold everywhere.
func (it *Item) in(region string) (Tiers, bool) {
	if t, ok := it.Prices[region]; ok {
		return t, true
	}
	t, ok := it.Prices[everywhere]
	return t, ok
}

const everywhere = ""

// flat is one price for any quantity.
func flat(usd float64, from *Source) Tiers { return Tiers{{Price: Price{usd, from}}} }

// global is a price that holds everywhere.
func global(usd float64, from *Source) map[string]Tiers {
	return map[string]Tiers{everywhere: flat(usd, from)}
}

// regional are the prices of us-east-1, ap-southeast-1 and ap-east-1.
func regional(virginia, singapore, hongKong Price) map[string]Tiers {
	return map[string]Tiers{
		"us-east-1": {{Price: virginia}}, "ap-southeast-1": {{Price: singapore}}, "ap-east-1": {{Price: hongKong}},
	}
}

// Listed is a price of the list.
type Listed struct {
	Service string  `json:"service"`
	Name    string  `json:"name"`
	Region  string  `json:"region,omitempty"` // empty for everywhere
	From    float64 `json:"from,omitempty"`   // the quantity from which it holds
	USD     float64 `json:"usd"`
	Unit    string  `json:"unit"`             // that it is for
	Source  string  `json:"source,omitempty"` // empty: from memory
	Date    string  `json:"date,omitempty"`
}

// List is the price list.
func List() []Listed {
	var out []Listed
	for _, it := range items {
		for _, region := range slices.Sorted(maps.Keys(it.Prices)) {
			from := 0.0
			for _, t := range it.Prices[region] {
				unit := it.Unit
				if it.Per > 1 {
					unit = strconv.FormatFloat(it.Per, 'f', 0, 64) + " " + unit
				}
				out = append(out, Listed{it.Service, it.Name, region, from, t.Price.USD, unit, t.Price.From.Doc, t.Price.From.Date})
				from = t.UpTo
			}
		}
	}
	return out
}
