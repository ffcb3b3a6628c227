package render

import (
	"fmt"
	"regexp"
	"time"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
)

// words are what the pages say themselves, in one language.
type words struct {
	Skip                 string // the link over the navigation
	Main                 string // names the navigation
	Language             string // names the language switch
	Also                 string // before the languages a post is in as well, with the space there, if any
	By                   string // before an author, with %s
	Updated              string // before a date, with %s
	Read                 string // reading time, with %d
	Podcast              string // badge of an episode
	Episode              string // with %d
	Listen               string // names the player, with %s for the title
	Download             string // link to the audio file
	Transcript           string // heading of an episode's text
	Drift                string // the original was changed after its translation; before a link to it
	DriftParts           string // heading of what is other in it
	Pinned               string // badge
	Part                 string // of a series, with %d
	Related              string // heading of what else is about it
	PartBefore, PartNext string // name the neighbours in a series
	Tags                 string
	Newer                string // the next post
	Older                string // the one before
	More                 string // names the neighbours
	NewerPosts           string // a list's neighbouring pages
	OlderPosts           string
	Pages                string // names them
	Page                 string // with %d
	Standing             string // heading of the pages without a date
	Posts                string // heading of a home page, for those who hear it
	Empty                string // a list without posts
	Feed                 string // link to the feed
	NotFound             string
	NotFoundSay          string
	Home                 string
	Archive              string
	Search               string // names the search, its field and its button
	Results              string // how many were found, with %d; see Found
	Loose                string // before results that have not all of the words
	NothingFound         string
	EveryLanguage        string // link: the same question in every language
	OwnLanguage          string // link: in the page's language alone
	WithTag              string // only posts with a tag, with %s
	AnyTag               string // link: with any tag
	SearchPath           string // link of a 404 page to a search for the words of its address
	Back, Further        string // between pages of results
	Sep                  string // between the parts of a title
	date                 string // a layout for time.Format
	intros               map[string]string
}

// Intro translates what a plan calls a list.
func (w *words) Intro(s string) string {
	if t := w.intros[s]; t != "" {
		return t
	}
	return s
}

// Date shows YYYY-MM-DD in the language; other text as it is. The date is never
// in a time zone, so it is the same day everywhere.
func (w *words) Date(s string) string {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || w.date == "" {
		return s
	}
	return t.Format(w.date)
}

// Found says how many results there are.
func (w *words) Found(n int) string {
	if n == 1 && w.Results == phrases["en"].Results {
		return "1 result"
	}
	return fmt.Sprintf(w.Results, n)
}

func (w *words) Minutes(n int) string { return fmt.Sprintf(w.Read, n) }

// wordsFor falls back to English words with ISO dates.
func wordsFor(lang string) *words {
	if w, ok := dialect.ForLanguage(phrases, lang); ok {
		return w
	}
	return fallback
}

// fallback is English for a reader of another language: a date as 18 June 2022
// between words of theirs would look like a mistake.
var fallback = func() *words {
	w := *phrases["en"]
	w.date = ""
	return &w
}()

var phrases = map[string]*words{
	"en": {
		Skip: "Skip to content", Main: "Main", Language: "Language", Also: "Also in ",
		By: "by %s", Updated: "Updated %s", Read: "%d min read",
		Podcast: "Podcast", Episode: "Episode %d", Listen: "Listen: %s", Download: "Download audio", Transcript: "Transcript",
		Drift: "The original was changed after this translation:", DriftParts: "What is new or different in it",
		Pinned: "Pinned", Related: "Related posts", Part: "Part %d", PartBefore: "The part before", PartNext: "The next part", Tags: "Tags", Newer: "Newer", Older: "Older", More: "More posts",
		NewerPosts: "Newer posts", OlderPosts: "Older posts", Pages: "Pages", Page: "Page %d", Standing: "Pages", Posts: "Posts", Empty: "Nothing here yet.",
		Feed: "Feed", NotFound: "Page not found", NotFoundSay: "There is nothing at this address.", Home: "Home", Archive: "Archive",
		Search: "Search", Results: "%d results", Loose: "Nothing has all of these words. These have some:", NothingFound: "Nothing found. Fewer or other words may help.",
		EveryLanguage: "Search every language", OwnLanguage: "Search this language alone", WithTag: "Only posts with the tag %s", AnyTag: "Any tag", Back: "Previous results", Further: "More results", SearchPath: "Search for the words of this address",
		Sep: " – ", date: "2 January 2006",
		intros: map[string]string{},
	},
	"zh-Hant": {
		Skip: "跳至內容", Main: "主選單", Language: "語言", Also: "其他語言：",
		By: "作者：%s", Updated: "更新於 %s", Read: "閱讀 %d 分鐘",
		Podcast: "播客", Episode: "第 %d 集", Listen: "收聽：%s", Download: "下載音訊", Transcript: "逐字稿",
		Drift: "原文在翻譯之後有所更動：", DriftParts: "原文新增或更動的段落",
		Pinned: "置頂", Related: "相關文章", Part: "第 %d 部分", PartBefore: "本系列上一篇", PartNext: "本系列下一篇", Tags: "標籤", Newer: "下一篇", Older: "上一篇", More: "更多文章",
		NewerPosts: "較新的文章", OlderPosts: "較舊的文章", Pages: "分頁", Page: "第 %d 頁", Standing: "頁面", Posts: "文章", Empty: "還沒有文章。",
		Feed: "訂閱", NotFound: "找不到頁面", NotFoundSay: "這個網址沒有內容。", Home: "首頁", Archive: "文章彙整",
		Search: "搜尋", Results: "找到 %d 篇", Loose: "沒有包含全部字詞的文章。以下包含其中一部分：", NothingFound: "找不到相關內容。請試試較少或其他的字詞。",
		EveryLanguage: "搜尋所有語言", OwnLanguage: "只搜尋繁體中文", WithTag: "只限標籤：%s", AnyTag: "不限標籤", Back: "上一頁結果", Further: "更多結果", SearchPath: "搜尋這個網址裡的字詞",
		Sep: "｜", date: "2006年1月2日",
		intros: map[string]string{"Category": "分類", "Tag": "標籤", "Series": "系列", "Tags": "標籤", "Archive": "文章彙整"},
	},
	"zh-Hans": {
		Skip: "跳至内容", Main: "主菜单", Language: "语言", Also: "其他语言：",
		By: "作者：%s", Updated: "更新于 %s", Read: "阅读 %d 分钟",
		Podcast: "播客", Episode: "第 %d 集", Listen: "收听：%s", Download: "下载音频", Transcript: "文字稿",
		Drift: "原文在翻译之后有所更改：", DriftParts: "原文新增或更改的段落",
		Pinned: "置顶", Related: "相关文章", Part: "第 %d 部分", PartBefore: "本系列上一篇", PartNext: "本系列下一篇", Tags: "标签", Newer: "下一篇", Older: "上一篇", More: "更多文章",
		NewerPosts: "较新的文章", OlderPosts: "较旧的文章", Pages: "分页", Page: "第 %d 页", Standing: "页面", Posts: "文章", Empty: "还没有文章。",
		Feed: "订阅", NotFound: "找不到页面", NotFoundSay: "这个网址没有内容。", Home: "首页", Archive: "文章归档",
		Search: "搜索", Results: "找到 %d 篇", Loose: "没有包含全部词语的文章。以下包含其中一部分：", NothingFound: "找不到相关内容。请试试较少或其他的词语。",
		EveryLanguage: "搜索所有语言", OwnLanguage: "只搜索简体中文", WithTag: "只限标签：%s", AnyTag: "不限标签", Back: "上一页结果", Further: "更多结果", SearchPath: "搜索这个网址里的词语",
		Sep: "｜", date: "2006年1月2日",
		intros: map[string]string{"Category": "分类", "Tag": "标签", "Series": "系列", "Tags": "标签", "Archive": "文章归档"},
	},
	"ja": {
		Skip: "本文へ移動", Main: "メインメニュー", Language: "言語", Also: "他の言語：",
		By: "%s", Updated: "%s更新", Read: "約%d分で読めます",
		Podcast: "ポッドキャスト", Episode: "第%d回", Listen: "再生：%s", Download: "音声をダウンロード", Transcript: "文字起こし",
		Drift: "この翻訳のあとに原文が更新されました：", DriftParts: "原文で追加・変更された段落",
		Pinned: "固定", Related: "関連記事", Part: "第%d部", PartBefore: "シリーズの前の記事", PartNext: "シリーズの次の記事", Tags: "タグ", Newer: "次の記事", Older: "前の記事", More: "ほかの記事",
		NewerPosts: "新しい記事", OlderPosts: "古い記事", Pages: "ページ", Page: "%dページ", Standing: "固定ページ", Posts: "記事一覧", Empty: "まだ記事がありません。",
		Feed: "フィード", NotFound: "ページが見つかりません", NotFoundSay: "このアドレスには何もありません。", Home: "ホーム", Archive: "アーカイブ",
		Search: "検索", Results: "%d件", Loose: "すべての語を含む記事はありません。一部を含む記事：", NothingFound: "見つかりませんでした。語を減らすか、別の語でお試しください。",
		EveryLanguage: "すべての言語で検索", OwnLanguage: "日本語だけで検索", WithTag: "タグ「%s」に限定", AnyTag: "タグを限定しない", Back: "前の結果", Further: "次の結果", SearchPath: "このアドレスの語で検索",
		Sep: "｜", date: "2006年1月2日",
		intros: map[string]string{"Category": "カテゴリー", "Tag": "タグ", "Series": "シリーズ", "Tags": "タグ", "Archive": "アーカイブ"},
	},
}

// rightToLeft are the languages written that way, by their first subtag.
var rightToLeft = regexp.MustCompile(`^(ar|dv|fa|he|ps|sd|ug|ur|yi)(-|$)`)
