// Package content turns a folder of Markdown into the blog's model: posts,
// standing pages, languages, translations, episodes and the files beside them.
//
// # Two layouts
//
// Its own:
//
//	posts/<slug>/index.<lang>.md   images and audio beside it
//	pages/<slug>/index.<lang>.md   standing pages: /about/
//
// with the settings of blog.yaml; and, read in place and unedited, the layout
// of Material for MkDocs' blog plugin, recognised by a mkdocs.yml at the top
// of the folder, whose settings give the title, the URL formats and the number
// of posts on a page. The published address of a post does not depend on the
// layout that it came from.
//
// # Languages
//
// A document's language is the first of: the front matter key lang, the suffix
// of the file name (index.ja.md), a category that is a language code. The last
// is how a MkDocs blog, which has no languages, keeps its Chinese editions:
// category zh is read as zh-Hant, the post moves under /zh/, and is paired
// with the document of the same date and slug. The category's page stays where
// it was.
//
// In its own layout the folder below posts or pages may say the language too:
// posts/ja/2026/hello.md is a translation of posts/en/2026/hello.md.
//
// # Dates
//
// A date is text, YYYY-MM-DD, from the file to the page. No time zone is ever
// applied to it, so it cannot shift by a day: of a date with a time and a zone,
// the day is the one that the author wrote. The moment at which a post goes
// live is another thing, and exact: the time that its date names, in the zone
// that it names or the blog's.
//
// # Time
//
// What a site holds depends on the clock in one way only: which posts are held
// back. Load builds the site as of Options.Now, Coming lists the moments at which
// there will be more, and At builds the site as of any of them from what Load
// has read, so that each can be made, and found wrong, before it comes. No page
// may depend on the clock in another way.
//
// # Nothing twice
//
// Tree names all that a site could be built from, without parsing it: equal
// trees are equal sites. What it has hashed, Load does not hash again. With
// Options.State that is remembered from one run to the next; without, and where
// the memory is lost, spoilt or in doubt, everything is read, and comes out the
// same.
//
// # What it refuses
//
// Load reports every problem it can find, with file and line, and returns a
// Site only when none of them is an error. It reads nothing outside the folder
// (os.Root enforces that, symbolic links included), nothing hidden but
// .authors.yml, and no Markdown file larger than MaxMarkdown. It never writes
// into the folder.
package content

import (
	"slices"
	"time"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/picture"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/store"
)

// MaxMarkdown is the largest Markdown file that is read, in bytes. The longest
// post that a person has written so far is a hundredth of it.
const MaxMarkdown = 2 << 20

// MaxAsset is the largest image or audio file, in bytes: an hour of speech at
// 128 kbit/s fits three times.
const MaxAsset = 200 << 20

// Site is the content that would be published.
type Site struct {
	Config config.Site
	// Posts are the posts and episodes of all languages, newest first.
	Posts []*Document
	// Pages are the standing pages, by path.
	Pages []*Document
	// Redirects are old paths and where they lead now. A path that something
	// else occupies is not in it.
	Redirects map[string]string
	// RedirectAt is where each redirect was written; those that were guessed are
	// not in it.
	RedirectAt map[string]Place
	// Assets are the files that documents show or link to, by key.
	Assets map[string]Asset
	// ShowImages are the pictures of Config.Shows, in their order.
	ShowImages []recipe.Image

	format urlFormat
}

// Document is a post, an episode or a standing page in one language.
type Document struct {
	File     string // slash-separated, relative to the content folder
	BodyLine int    // line of File on which the Markdown begins
	Lang     string // BCP 47, one of Config.Languages
	Path     string // URL path, decoded, with a slash at both ends
	Slug     string

	Title       string
	Description string // plain text: the author's, else the beginning of the body
	Date        string // YYYY-MM-DD; empty for a standing page
	// At is when Date begins, or the time of that day which the front matter
	// names: before it the post is held back. Zero without a date.
	At         time.Time
	Updated    string // YYYY-MM-DD, only when it is not Date
	Authors    []string
	Categories []string // without the ones that say the language
	LangTopics []string // the categories that said the language
	Tags       []string
	Series     string
	Pinned     bool
	Minutes    int
	Episode    *recipe.Episode
	// Cover is the picture that stands for the post elsewhere; zero for none.
	// Its file is among the site's assets.
	Cover recipe.Image
	// GUID names the post in feeds in place of its address; empty for that.
	GUID string
	// Drift is what has changed in the original since this translation of it;
	// nil for nothing, or for a document that does not say what it is made from.
	Drift *recipe.Drift

	// Translations are this document in every language it exists in, itself
	// included, in the order of Config.Languages.
	Translations []*Document

	Source recipe.Source // what the renderer is given
	Body   store.Body    // the file's bytes, under src/<Source.Digest>

	// SiteLinks are links to absolute paths of this site. Only a plan of the
	// whole site can tell whether they lead anywhere.
	SiteLinks []SiteLink
}

// SiteLink is a link to an absolute path, and the line that it is on.
type SiteLink struct {
	Path string
	Line int
}

// Asset is a file that is served.
type Asset struct {
	Key  string // "asset/<sha256>.<ext>", or the name of a Variant
	File string
	Meta store.Meta
	Body store.Body
	// Variant is what is made of the file, Body, when it is uploaded; nil for the
	// file as it is.
	Variant *picture.Variant
}

// Documents are the posts and the standing pages.
func (s *Site) Documents() []*Document { return slices.Concat(s.Posts, s.Pages) }

// CategoryFormat is where a category's page lives: "category/{slug}".
func (s *Site) CategoryFormat() string { return s.format.category }

// ArchiveFormat is where a year's page lives: "archive/{date}".
func (s *Site) ArchiveFormat() string { return s.format.archive }

// Language returns the configured language with this tag.
func (s *Site) Language(tag string) config.Language {
	for _, l := range s.Config.Languages {
		if l.Tag == tag {
			return l
		}
	}
	return config.Language{Tag: tag}
}

// Home is the path of a language's home page: "/", "/zh/".
func Home(l config.Language) string {
	if l.Prefix == "" {
		return "/"
	}
	return "/" + l.Prefix + "/"
}
