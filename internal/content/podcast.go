package content

import (
	"bytes"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/recipe"
)

// configFile is what problems of the configuration are found in that only the
// content can tell.
const configFile = "blog.yaml"

func isPodcast(category string) bool { return Slugify(category) == "podcast" }

// isEpisode says that a post is one of a podcast.
func (b *builder) isEpisode(d *draft, doc *Document) bool {
	return d.fm.audio != "" || d.fm.episode > 0 || slices.ContainsFunc(doc.Categories, func(c string) bool {
		show, _ := b.site.Config.Show(c)
		return show != nil || isPodcast(c)
	})
}

func isRemote(audio string) bool {
	u, err := url.Parse(audio)
	return err == nil && u.Scheme != ""
}

// episode reads the enclosure of a podcast episode, if it has one.
func (b *builder) episode(d *draft) *recipe.Episode {
	fm := d.fm
	e := &recipe.Episode{
		Duration: fm.duration, Number: fm.episode, Season: fm.season,
		Kind: fm.episodeType, Explicit: fm.explicit, Marks: fm.chapters, People: fm.people,
	}
	if n := len(e.Marks); n > 0 && e.Duration > 0 && e.Marks[n-1].Start >= e.Duration {
		b.probs.Errorf(d.file, fm.line["chapters"], "correct the chapter, or duration", "the last chapter begins after the end of the episode")
	}
	switch {
	case fm.audio == "":
		return e
	case isRemote(fm.audio):
		b.remoteAudio(d, e)
	default:
		b.localAudio(d, e)
	}
	if e.Audio != "" && e.Duration == 0 {
		b.probs.Warnf(d.file, fm.audioLine, `add duration: "mm:ss"`, "the episode does not say how long it is")
	}
	return e
}

// localAudio is a file beside the post. That its name and its bytes say the
// same is checked: players go by the type that the feed states.
func (b *builder) localAudio(d *draft, e *recipe.Episode) {
	fm := d.fm
	name := path.Join(path.Dir(d.file), fm.audio)
	if ctype := typeOf(name); ctype != "" && !strings.HasPrefix(ctype, "audio/") {
		b.probs.Errorf(d.file, fm.audioLine, "use .mp3 or .m4a", "audio: %s is not an audio file", fm.audio)
		return
	}
	a, f, ok := b.mustAsset(name, d.file, fm.audioLine)
	if !ok {
		return
	}
	switch want := a.Meta.ContentType; {
	case f.size == 0:
		b.probs.Errorf(d.file, fm.audioLine, "put the recording there", "audio: %s is empty", fm.audio)
	case f.audio == "":
		b.probs.Errorf(d.file, fm.audioLine, "export it again as MP3 or as M4A", "audio: %s is not a file of type %s", fm.audio, want)
	case f.audio != want:
		b.probs.Errorf(d.file, fm.audioLine, "give the file the ending of what it is", "audio: %s is of type %s by its name and of type %s by its bytes", fm.audio, want, f.audio)
	}
	if fm.audioLength != 0 && int64(fm.audioLength) != f.size {
		b.probs.Errorf(d.file, fm.line["audio_length"], "remove it: the file beside the post says it", "audio_length: %d, and %s has %d bytes", fm.audioLength, fm.audio, f.size)
	}
	e.Audio, e.Type, e.Length = "/"+a.Key, a.Meta.ContentType, f.size
}

// remoteAudio is a file of another host. Nothing here asks for it, so the author
// says what a feed has to state.
func (b *builder) remoteAudio(d *draft, e *recipe.Episode) {
	fm := d.fm
	u, _ := url.Parse(fm.audio)
	ctype := typeOf(u.Path)
	switch {
	case u.Scheme != "https" || u.Host == "":
		b.probs.Errorf(d.file, fm.audioLine, "pages and players ask by https only", "audio: %s is not an https address", fm.audio)
	case !strings.HasPrefix(ctype, "audio/"):
		b.probs.Errorf(d.file, fm.audioLine, "its path must end in .mp3 or .m4a, because a feed states the type", "audio: %s is not an audio file", fm.audio)
	case fm.audioLength == 0:
		b.probs.Errorf(d.file, fm.audioLine, "add its size in bytes, which a feed must state: audio_length: 12345678; or put the file beside the post", "audio: %s is on another host, and its length is unknown", fm.audio)
	default:
		e.Audio, e.Type, e.Length = fm.audio, ctype, int64(fm.audioLength)
	}
}

// audioType is what the first bytes of an audio file say it is.
func audioType(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("ID3")), len(head) > 1 && head[0] == 0xff && head[1]&0xe0 == 0xe0:
		return "audio/mpeg"
	case len(head) > 11 && string(head[4:8]) == "ftyp":
		return "audio/mp4"
	case bytes.HasPrefix(head, []byte("OggS")):
		return "audio/ogg"
	}
	return ""
}

// The picture of a show, as Apple wants it.
const (
	minShowImage = 1400 // pixels
	maxShowImage = 3000
)

// shows finds the pictures of the podcasts.
func (b *builder) shows() {
	for _, s := range b.site.Config.Shows {
		a, f, no := b.asset(s.Image)
		b.site.ShowImages = append(b.site.ShowImages, recipe.Image{})
		switch {
		case no != nil:
			b.probs.Errorf(configFile, s.Line, no.hint, "shows: image: %s", no.message)
			continue
		case f.width != f.height || f.width < minShowImage || f.width > maxShowImage:
			b.probs.Errorf(configFile, s.Line, fmt.Sprintf("directories want a square of %d to %d pixels", minShowImage, maxShowImage),
				"shows: image: %s has %d × %d pixels", s.Image, f.width, f.height)
		}
		b.site.ShowImages[len(b.site.ShowImages)-1] = recipe.Image{URL: "/" + a.Key, Width: f.width, Height: f.height}
	}
}

// soon is how long before it expires security.txt is complained of.
const soon = 30 * 24 * time.Hour

// security reminds of a day that passes while nobody publishes a change of it.
func (b *builder) security() {
	s := b.site.Config.Security
	day, err := time.Parse(time.DateOnly, s.Expires)
	if err != nil || b.now.IsZero() {
		return
	}
	const hint = "see that the contact still works, then move security.expires"
	switch left := day.Sub(b.now); {
	case left <= 0:
		b.probs.Warnf(configFile, s.Line, hint, "security.txt expired on %s: nobody may rely on its contact", s.Expires)
	case left < soon:
		b.probs.Warnf(configFile, s.Line, hint, "security.txt expires on %s", s.Expires)
	}
}

// podcast reads the keys that only episodes have.
func (p fmParser) podcast(fm *frontMatter, name string, val *yaml.Node) {
	switch name {
	case "audio_length":
		fm.audioLength = p.number(name, val)
	case "episode_type":
		switch s := strings.ToLower(p.text(name, val)); s {
		case "trailer", "bonus":
			fm.episodeType = s
		case "full":
		default:
			p.probs.Errorf(p.file, p.line(val), "full, trailer or bonus", "episode_type: %q is not a type of episode", val.Value)
		}
	case "explicit":
		fm.explicit = p.boolean(name, val)
	case "chapters":
		for i, s := range p.texts(name, val) {
			p.chapter(fm, i, s, p.line(val))
		}
	case "people":
		p.people(fm, val)
	}
}

// chapter reads "12:30 What happened next".
func (p fmParser) chapter(fm *frontMatter, i int, s string, line int) {
	at, title, _ := strings.Cut(s, " ")
	title = strings.TrimSpace(title)
	start, ok := playtime(at)
	switch n := len(fm.chapters); {
	case !ok || title == "":
		p.probs.Errorf(p.file, line+i, `write each in quotes as "mm:ss Title" or "h:mm:ss Title"`, "chapters: %q is not a time and a title", s)
	case n > 0 && start <= fm.chapters[n-1].Start:
		p.probs.Errorf(p.file, line+i, "order them by time", "chapters: %q begins before the one above it", s)
	default:
		fm.chapters = append(fm.chapters, recipe.Chapter{Start: start, Title: title})
	}
}

// people reads names, or maps of name, role, url and img.
func (p fmParser) people(fm *frontMatter, val *yaml.Node) {
	list := val.Content
	if val.Kind != yaml.SequenceNode {
		list = []*yaml.Node{val}
	}
	for _, n := range list {
		var one recipe.Person
		if n.Kind == yaml.ScalarNode {
			one.Name = p.text("people", n)
		} else if n.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(n.Content); i += 2 {
				key, v := n.Content[i].Value, p.text("people", n.Content[i+1])
				switch key {
				case "name":
					one.Name = v
				case "role":
					one.Role = strings.ToLower(v)
				case "url":
					one.URL = v
				case "img":
					one.Img = v
				default:
					p.probs.Errorf(p.file, p.line(n.Content[i]), "its keys are name, role, url and img", "people: unknown key %q", key)
				}
			}
		}
		for _, a := range []string{one.URL, one.Img} {
			if u, err := url.Parse(a); a != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
				p.probs.Errorf(p.file, p.line(n), "write it whole: https://example.com/about", "people: %q is not an address", a)
			}
		}
		if one.Name == "" {
			p.probs.Errorf(p.file, p.line(n), "write for example people: [{name: Ann Lee, role: guest}]", "people: somebody without a name")
			continue
		}
		fm.people = append(fm.people, one)
	}
}
