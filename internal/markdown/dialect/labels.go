package dialect

import "strings"

// labels are the words that the writer adds to a document, in one language.
type labels struct {
	table     string // names a table's scrolling region
	footnotes string // names the footnotes
	back      string // names the link from a footnote back to the text
	done      string // names a ticked box
	open      string // names an empty box
	kinds     map[string]string
}

// kind is the title of an admonition without one of its own.
func (l *labels) kind(name string) string {
	if t := l.kinds[name]; t != "" {
		return t
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// labelsFor falls back to English.
func labelsFor(lang string) *labels {
	if l, ok := ForLanguage(translations, lang); ok {
		return l
	}
	return translations["en"]
}

// ForLanguage finds a language's entry in a table by BCP 47 tag. A tag that
// says more than the table does ("zh-Hant-TW", "ja-JP") has the nearest entry;
// Chinese without a script is read by its region.
func ForLanguage[T any](table map[string]T, lang string) (entry T, ok bool) {
	switch strings.ToLower(lang) {
	case "zh-tw", "zh-hk", "zh-mo":
		lang = "zh-Hant"
	case "zh", "zh-cn", "zh-sg":
		lang = "zh-Hans"
	}
	for {
		if entry, ok = table[lang]; ok {
			return entry, true
		}
		i := strings.LastIndexByte(lang, '-')
		if i < 0 {
			return entry, false
		}
		lang = lang[:i]
	}
}

var translations = map[string]*labels{
	"en": {table: "Table", footnotes: "Footnotes", back: "Back to the text", done: "Done", open: "To do",
		kinds: map[string]string{"tldr": "TL;DR", "faq": "FAQ", "seealso": "See also"}},
	"zh-Hant": {table: "表格", footnotes: "註腳", back: "回到正文", done: "已完成", open: "未完成", kinds: map[string]string{
		"note": "注意", "info": "資訊", "todo": "待辦", "abstract": "摘要", "summary": "摘要", "tldr": "長話短說",
		"example": "例子", "seealso": "參見", "tip": "提示", "hint": "提示", "success": "成功", "check": "成功", "done": "完成",
		"question": "問題", "help": "說明", "faq": "常見問題", "warning": "警告", "caution": "小心", "attention": "留意",
		"important": "重要", "danger": "危險", "error": "錯誤", "failure": "失敗", "fail": "失敗", "missing": "缺少", "bug": "程式錯誤",
		"quote": "引述", "cite": "引述"}},
	"zh-Hans": {table: "表格", footnotes: "脚注", back: "回到正文", done: "已完成", open: "未完成", kinds: map[string]string{
		"note": "注意", "info": "信息", "todo": "待办", "abstract": "摘要", "summary": "摘要", "tldr": "长话短说",
		"example": "例子", "seealso": "参见", "tip": "提示", "hint": "提示", "success": "成功", "check": "成功", "done": "完成",
		"question": "问题", "help": "帮助", "faq": "常见问题", "warning": "警告", "caution": "小心", "attention": "留意",
		"important": "重要", "danger": "危险", "error": "错误", "failure": "失败", "fail": "失败", "missing": "缺少", "bug": "程序错误",
		"quote": "引用", "cite": "引用"}},
	"ja": {table: "表", footnotes: "脚注", back: "本文に戻る", done: "完了", open: "未完了", kinds: map[string]string{
		"note": "メモ", "info": "情報", "todo": "やること", "abstract": "概要", "summary": "要約", "tldr": "要点",
		"example": "例", "seealso": "関連", "tip": "ヒント", "hint": "ヒント", "success": "成功", "check": "確認", "done": "完了",
		"question": "質問", "help": "ヘルプ", "faq": "よくある質問", "warning": "警告", "caution": "注意", "attention": "注意",
		"important": "重要", "danger": "危険", "error": "エラー", "failure": "失敗", "fail": "失敗", "missing": "不足", "bug": "不具合",
		"quote": "引用", "cite": "引用"}},
}
