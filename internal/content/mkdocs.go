package content

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/problem"
)

// urlFormat is where the addresses of posts come from.
type urlFormat struct {
	post     string // "{date}/{slug}"
	date     string // Go layout: "2006/01/02"
	category string // "category/{slug}"
	archive  string // "archive/{date}"
}

var defaultFormat = urlFormat{
	post:     "{date}/{slug}",
	date:     "2006/01/02",
	category: "category/{slug}",
	archive:  "archive/{date}",
}

// layout says where the documents are.
type layout struct {
	posts     string            // folder of posts
	pages     string            // folder of standing pages
	mkdocs    bool              // the layout is that of Material for MkDocs
	languages map[string]string // category → language tag
	authors   map[string]string // short name → name
}

const (
	mkdocsName  = "mkdocs.yml"
	authorsName = ".authors.yml"
)

// mkdocsFile is the part of mkdocs.yml that decides addresses and titles.
type mkdocsFile struct {
	SiteName        string `yaml:"site_name"`
	SiteURL         string `yaml:"site_url"`
	SiteAuthor      string `yaml:"site_author"`
	SiteDescription string `yaml:"site_description"`
	DocsDir         string `yaml:"docs_dir"`
	Theme           yaml.Node
	Plugins         yaml.Node
}

// readMkDocs reads mkdocs.yml, with the plugin's defaults for what it leaves
// out (https://squidfunk.github.io/mkdocs-material/plugins/blog/).
func readMkDocs(data []byte, probs *problem.List) (config.Site, urlFormat, layout) {
	const file = mkdocsName
	site := config.Site{PerPage: 10, Nav: mkdocsNav}
	format := defaultFormat
	lay := layout{mkdocs: true, languages: map[string]string{"en": "en", "zh": "zh-Hant", "ja": "ja"}}

	var f mkdocsFile
	if err := yaml.Unmarshal(data, &f); err != nil {
		line, msg := yamlError(err, data, 1)
		probs.Errorf(file, line, "mkdocs itself would refuse it too: check the indentation", "not valid YAML: %s", msg)
		return site, format, lay
	}
	site.Title, site.Description, site.Author = f.SiteName, f.SiteDescription, f.SiteAuthor
	site.BaseURL = strings.TrimSuffix(f.SiteURL, "/")
	if site.Title == "" {
		probs.Errorf(file, 1, "add a line: site_name: My blog", "site_name is missing")
	}
	if site.BaseURL == "" {
		probs.Errorf(file, 1, "add a line: site_url: https://example.com/", "site_url is missing; feeds and canonical links need it")
	}
	docs := "docs"
	if f.DocsDir != "" {
		docs = f.DocsDir
	}
	blogDir, postDir := "blog", "{blog}/posts"
	opts := pluginOptions(&f.Plugins, "blog")
	for i := 0; opts != nil && i+1 < len(opts.Content); i += 2 {
		key, val := opts.Content[i].Value, opts.Content[i+1]
		switch key {
		case "blog_dir":
			blogDir = val.Value
		case "post_dir":
			postDir = val.Value
		case "post_url_format":
			format.post = strings.Trim(val.Value, "/")
			for _, v := range placeholders(format.post) {
				if v != "date" && v != "slug" {
					probs.Errorf(file, val.Line, "use {date} and {slug}", "post_url_format: {%s} is not supported", v)
				}
			}
		case "post_url_date_format":
			format.date = goDateLayout(val.Value)
		case "pagination_per_page":
			n, err := strconv.Atoi(val.Value)
			if err != nil || n < 1 {
				probs.Errorf(file, val.Line, "write a whole number from 1", "pagination_per_page: %q is not a number", val.Value)
				continue
			}
			site.PerPage = n
		case "categories_url_format":
			format.category = strings.Trim(val.Value, "/")
		case "archive_url_format":
			format.archive = strings.Trim(val.Value, "/")
		case "archive_date_format":
			if val.Value != "yyyy" {
				probs.Errorf(file, val.Line, "use yyyy", "archive_date_format: only one archive page a year is supported")
			}
		case "pagination_url_format":
			if val.Value != "page/{page}" {
				probs.Errorf(file, val.Line, "use page/{page}", "pagination_url_format: %q is not supported", val.Value)
			}
		}
	}
	lay.posts = path.Join(docs, strings.ReplaceAll(postDir, "{blog}", blogDir))
	if blogDir == "." || !strings.Contains(postDir, "{blog}") {
		lay.posts = path.Join(docs, blogDir, strings.TrimPrefix(postDir, "{blog}/"))
	}
	lay.pages = docs
	site.Languages = []config.Language{{Tag: "en"}}
	for i := 0; f.Theme.Kind == yaml.MappingNode && i+1 < len(f.Theme.Content); i += 2 {
		if f.Theme.Content[i].Value == "language" {
			site.Languages[0].Tag = f.Theme.Content[i+1].Value
		}
	}
	return site, format, lay
}

// mkdocsNav stands in for the sidebar that the theme fills by itself: the lists
// that a blog has. One that a language lacks is left out by the plan.
var mkdocsNav = []config.NavItem{
	{URL: "/archive/", Text: map[string]string{"en": "Archive", "zh-Hant": "文章彙整", "zh-Hans": "归档", "ja": "アーカイブ"}},
	{URL: "/tags/", Text: map[string]string{"en": "Tags", "zh-Hant": "標籤", "zh-Hans": "标签", "ja": "タグ"}},
	{URL: "/category/podcast/", Text: map[string]string{"en": "Podcast", "zh-Hant": "播客", "zh-Hans": "播客", "ja": "ポッドキャスト"}},
}

// pluginOptions finds a plugin's options in a list that mixes names and maps.
func pluginOptions(plugins *yaml.Node, name string) *yaml.Node {
	for _, p := range plugins.Content {
		if p.Kind == yaml.MappingNode && len(p.Content) == 2 &&
			strings.TrimPrefix(p.Content[0].Value, "material/") == name {
			return p.Content[1]
		}
	}
	return nil
}

func placeholders(format string) []string {
	var out []string
	for {
		_, rest, ok := strings.Cut(format, "{")
		if !ok {
			return out
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return out
		}
		out = append(out, name)
		format = after
	}
}

// goDateLayout turns a Babel date pattern (yyyy/MM/dd) into Go's.
func goDateLayout(pattern string) string {
	return strings.NewReplacer("yyyy", "2006", "MM", "01", "dd", "02", "M", "1", "d", "2").Replace(pattern)
}

// languageOf is the language that a category stands for, if it stands for one.
func (l layout) languageOf(category string) (string, bool) {
	tag, ok := l.languages[strings.ToLower(category)]
	return tag, ok
}

// discoverLanguages adds the languages that a MkDocs blog's categories name:
// its own settings know only one.
func (l layout) discoverLanguages(site *config.Site, docs []*draft) {
	var found []string
	for _, d := range docs {
		if d.lang != "" && !slices.Contains(found, d.lang) && d.lang != site.Languages[0].Tag {
			found = append(found, d.lang)
		}
	}
	slices.Sort(found)
	for _, tag := range found {
		prefix, _, _ := strings.Cut(strings.ToLower(tag), "-")
		site.Languages = append(site.Languages, config.Language{Tag: tag, Prefix: prefix})
	}
}
