package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/suggest"
)

// Load reads and checks blog.yaml. The Config may be used when the list's Err
// is nil; it is never nil itself.
func Load(path string) (*Config, problem.List) {
	name := filepath.ToSlash(path)
	data, err := os.ReadFile(path)
	if err != nil {
		var probs problem.List
		hint := ""
		if errors.Is(err, fs.ErrNotExist) {
			hint = "write one with at least a title; the blog.yaml of this project shows every key"
		}
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		probs.Errorf(name, 0, hint, "reading the configuration: %v", err)
		return Default(), probs
	}
	return Parse(name, data)
}

// Parse is Load for bytes that were read already; name is for messages.
func Parse(name string, data []byte) (*Config, problem.List) {
	r := &reader{file: name}
	cfg := Default()
	cfg.Title, cfg.Languages = "", nil
	if root := r.document(data); root != nil {
		r.config(root, cfg)
	}
	r.probs.Sort()
	return cfg, r.probs
}

// reader turns YAML nodes into values and collects what is wrong with them.
type reader struct {
	file  string
	probs problem.List
	at    map[string]int // the line of each key that was read: "aws.region"
}

func (r *reader) errorf(n *yaml.Node, hint, format string, args ...any) {
	r.probs.Errorf(r.file, n.Line, hint, format, args...)
}

// document parses the file and returns its top mapping, or nil.
func (r *reader) document(data []byte) *yaml.Node {
	const hint = "blog.yaml is `key: value` lines, indented with spaces"
	r.at = map[string]int{}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return &yaml.Node{Kind: yaml.MappingNode, Line: 1}
	case err != nil:
		line, msg := problem.YAML(err, data)
		r.probs.Errorf(r.file, line, hint, "not YAML: %s", msg)
		return nil
	}
	if err := dec.Decode(&second); err == nil {
		r.errorf(&second, "delete the line with ---", "a second document, which nothing reads")
	}
	root := follow(doc.Content[0])
	if isNull(root) {
		return &yaml.Node{Kind: yaml.MappingNode, Line: 1}
	}
	if root.Kind != yaml.MappingNode {
		r.errorf(root, hint, "want keys and values, got %s", kind(root))
		return nil
	}
	return root
}

// fields are the keys that a mapping may have and what reads each.
type fields map[string]func(*yaml.Node)

// mapping reads n, found under the dotted path, with the given fields.
func (r *reader) mapping(n *yaml.Node, path string, fs fields) {
	n = follow(n)
	if isNull(n) {
		return // a key with everything below it commented out
	}
	if n.Kind != yaml.MappingNode {
		r.errorf(n, "its keys are "+list(fs), "%s: want keys and values, got %s", path, kind(n))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := follow(n.Content[i]), follow(n.Content[i+1])
		key := k.Value
		full := strings.TrimPrefix(path+"."+key, ".")
		read, ok := fs[key]
		if !ok {
			hint := "its keys are " + list(fs)
			if path == "" {
				hint = "the keys are " + list(fs)
			}
			if near := suggest.Word(key, keys(fs)); near != "" {
				hint = "did you mean " + near + "?"
			}
			r.errorf(k, hint, "unknown key %q", full)
			continue
		}
		if first, dup := seen[key]; dup {
			r.errorf(k, "keep one of the two", "%s is set twice, first in line %d", full, first)
			continue
		}
		seen[key] = k.Line
		if isNull(v) {
			continue // `standby:` with nothing behind it is no standby
		}
		r.at[full] = k.Line
		read(v)
	}
}

// sequence calls read for each element of n.
func (r *reader) sequence(n *yaml.Node, key string, read func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		r.errorf(n, "write one `- ` line for each", "%s: want a list, got %s", key, kind(n))
		return
	}
	for _, e := range n.Content {
		read(follow(e))
	}
}

// text returns a field that stores a string without space around it.
func (r *reader) text(key string, to *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode {
			r.errorf(n, "", "%s: want a text, got %s", key, kind(n))
			return
		}
		*to = strings.TrimSpace(n.Value)
	}
}

// number returns a field that stores a whole number between lo and hi.
func (r *reader) number(key string, lo, hi int, to *int) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, err := strconv.Atoi(n.Value)
		switch {
		case n.Kind != yaml.ScalarNode || err != nil:
			r.errorf(n, "", "%s: want a whole number, got %s", key, kind(n))
		case v < lo || v > hi:
			r.errorf(n, "", "%s: want a number from %d to %d, got %d", key, lo, hi, v)
		default:
			*to = v
		}
	}
}

// boolean returns a field that stores true or false.
func (r *reader) boolean(key string, to *bool) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
			r.errorf(n, "", "%s: want true or false, got %s", key, kind(n))
			return
		}
		*to = strings.EqualFold(n.Value, "true")
	}
}

// follow resolves an alias. One that leads to another alias is not YAML.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// kind describes a node for a message.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	}
	return strconv.Quote(n.Value)
}
