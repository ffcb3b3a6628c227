package render

import (
	"encoding/xml"

	"github.com/victorleungtw/blog/internal/recipe"
)

// Sitemaps: https://www.sitemaps.org/protocol.html, with alternates as search
// engines ask for them
// (https://developers.google.com/search/docs/specialty/international/localized-versions#sitemap).
type (
	urlSet struct {
		XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		XHTML   string    `xml:"xmlns:xhtml,attr,omitempty"`
		URLs    []siteURL `xml:"url"`
	}
	siteURL struct {
		Loc     string    `xml:"loc"`
		LastMod string    `xml:"lastmod,omitempty"`
		Links   []siteAlt `xml:"xhtml:link"`
	}
	siteAlt struct {
		Rel  string `xml:"rel,attr"`
		Lang string `xml:"hreflang,attr"`
		Href string `xml:"href,attr"`
	}
	sitemapSet struct {
		XMLName  xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
		Sitemaps []siteURL `xml:"sitemap"`
	}
)

func sitemap(r *recipe.Recipe) ([]byte, error) {
	var set urlSet
	for _, e := range r.Sitemap {
		u := siteURL{Loc: absolute(r.Site, e.Path), LastMod: e.LastMod}
		for _, a := range withDefault(r.Site, e.Alternates) {
			set.XHTML = "http://www.w3.org/1999/xhtml"
			u.Links = append(u.Links, siteAlt{"alternate", a.Lang, absolute(r.Site, a.Path)})
		}
		set.URLs = append(set.URLs, u)
	}
	return encode(set)
}

func sitemapIndex(r *recipe.Recipe) ([]byte, error) {
	var set sitemapSet
	for _, e := range r.Sitemap {
		set.Sitemaps = append(set.Sitemaps, siteURL{Loc: absolute(r.Site, e.Path), LastMod: e.LastMod})
	}
	return encode(set)
}
