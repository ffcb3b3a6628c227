package plan

import (
	"testing"

	"github.com/victorleungtw/blog/internal/config"
)

func TestHomesByLanguage(t *testing.T) {
	en, ja := config.Language{Tag: "en"}, config.Language{Tag: "ja", Prefix: "ja"}
	hant, hans := config.Language{Tag: "zh-Hant", Prefix: "zh"}, config.Language{Tag: "zh-Hans", Prefix: "cn"}
	for _, tt := range []struct {
		langs []config.Language
		want  string
	}{
		{[]config.Language{en, hant, ja}, "/#en=/&ja=/ja/&zh=/zh/&zh-hant=/zh/&zh-hk=/zh/&zh-mo=/zh/&zh-tw=/zh/"},
		{[]config.Language{en, hans, hant}, "/#en=/&zh=/cn/&zh-cn=/cn/&zh-hans=/cn/&zh-hant=/zh/&zh-hk=/zh/&zh-mo=/zh/&zh-my=/cn/&zh-sg=/cn/&zh-tw=/zh/"},
		{[]config.Language{{Tag: "pt-BR"}, {Tag: "pt", Prefix: "pt"}}, "/#pt=/pt/&pt-br=/"},
		{[]config.Language{{Tag: "pt-BR"}, {Tag: "zh-TW", Prefix: "zh"}}, "/#pt=/&pt-br=/&zh=/zh/&zh-hk=/zh/&zh-mo=/zh/&zh-tw=/zh/"},
	} {
		if got := homesByLanguage(tt.langs); got != tt.want {
			t.Errorf("%v:\n got %s\nwant %s", tt.langs, got, tt.want)
		}
	}
}
