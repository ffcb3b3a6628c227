package travel

import (
	"fmt"
	"time"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
)

// words are what a banner and a difference say, in one language. What stands
// before something ends with the space that the language has there: a full-width
// colon has its own.
type words struct {
	Label     string // names the banner
	Was       string // before a time; with %d for the release
	Then      string // before a time, where it is not said of the page; with %d
	Now       string // link to the page of today
	Deleted   string // there is no page of today
	Since     string // link to what changed since then
	Start     string // link to the home page of that release
	NotKept   string // with %d
	NotThere  string // a release had nothing at the address; with %d
	Withdrawn string // what was there is not kept
	Today     string // link to the address, as it is today
	Changed   string // heading of a difference, before a title
	Legend    string // in front of Removed and Added
	Removed   string
	Added     string
	Same      string // nothing changed in the text
	Back      string // link to the page as it was
	Unchanged string // with %d
	layout    string // for time.Format
}

// Time shows a moment, in UTC.
func (w *words) Time(t time.Time) string { return t.UTC().Format(w.layout) }

// Paragraphs says how many are left out.
func (w *words) Paragraphs(n int) string {
	if n == 1 && w.Unchanged == phrases["en"].Unchanged {
		return "1 paragraph is the same"
	}
	return fmt.Sprintf(w.Unchanged, n)
}

// wordsFor falls back to English words with ISO dates.
func wordsFor(lang string) *words {
	if w, ok := dialect.ForLanguage(phrases, lang); ok {
		return w
	}
	w := *phrases["en"]
	w.layout = "2006-01-02 15:04 UTC"
	return &w
}

var phrases = map[string]*words{
	"en": {
		Label: "About this version", Was: "You are reading an old version of this page, from release %d of the blog: ",
		Then: "Release %d of the blog: ", Now: "The page as it is now", Deleted: "The blog has no such page any more.",
		Since: "What has changed since", Start: "The blog as it was then",
		NotKept: "The blog has no release %d that can be shown.", NotThere: "In release %d the blog had nothing at this address.",
		Withdrawn: "This version of the page is not kept.", Today: "This address today",
		Changed: "What has changed: ", Legend: "Between that version and now: ", Removed: "this was removed", Added: "this was added",
		Same: "Nothing has changed in the text.", Back: "The page as it was", Unchanged: "%d paragraphs are the same",
		layout: "2 January 2006, 15:04 UTC",
	},
	"zh-Hant": {
		Label: "關於這個版本", Was: "您正在閱讀本頁的舊版本，出自本站第 %d 次發布：",
		Then: "本站第 %d 次發布：", Now: "本頁目前的內容", Deleted: "本站已經沒有這一頁。",
		Since: "此後的更動", Start: "當時的首頁",
		NotKept: "本站沒有可供查閱的第 %d 次發布。", NotThere: "第 %d 次發布時，這個網址還沒有內容。",
		Withdrawn: "本頁的這個版本已不再保留。", Today: "這個網址目前的內容",
		Changed: "更動：", Legend: "從當時的版本到現在：", Removed: "這是刪去的文字", Added: "這是加入的文字",
		Same: "文字沒有更動。", Back: "當時的內容", Unchanged: "%d 段相同",
		layout: "2006年1月2日 15:04（UTC）",
	},
	"zh-Hans": {
		Label: "关于这个版本", Was: "您正在阅读本页的旧版本，出自本站第 %d 次发布：",
		Then: "本站第 %d 次发布：", Now: "本页目前的内容", Deleted: "本站已经没有这一页。",
		Since: "此后的更改", Start: "当时的首页",
		NotKept: "本站没有可供查阅的第 %d 次发布。", NotThere: "第 %d 次发布时，这个网址还没有内容。",
		Withdrawn: "本页的这个版本已不再保留。", Today: "这个网址目前的内容",
		Changed: "更改：", Legend: "从当时的版本到现在：", Removed: "这是删去的文字", Added: "这是加入的文字",
		Same: "文字没有更改。", Back: "当时的内容", Unchanged: "%d 段相同",
		layout: "2006年1月2日 15:04（UTC）",
	},
	"ja": {
		Label: "この版について", Was: "このページの古い版を表示しています。リリース%d、公開日時：",
		Then: "リリース%d：", Now: "現在のページ", Deleted: "このページは現在ありません。",
		Since: "その後の変更点", Start: "当時のホーム",
		NotKept: "表示できるリリース%dはありません。", NotThere: "リリース%dには、このアドレスのページがありませんでした。",
		Withdrawn: "このページのこの版は保存されていません。", Today: "このアドレスの現在のページ",
		Changed: "変更点：", Legend: "当時の版から現在まで：", Removed: "削除された文", Added: "追加された文",
		Same: "本文に変更はありません。", Back: "当時のページ", Unchanged: "%d段落は同じです",
		layout: "2006年1月2日 15:04（UTC）",
	},
}
