package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

const translatedHelp = `Translated notes in a translation what its original is now.

Usage: blog translated FILE... [flags]

    FILE             a Markdown file below the content folder
    --content DIR    the folder; content if not given
    --config FILE    the configuration; blog.yaml if not given

Run it when a translation is up to date. It writes the key translated_from into
the front matter: a mark for each paragraph of the original. Once the original is
changed, readers of the translation are told, paragraph by paragraph, and blog
check warns with the lines. Nothing else in the file is touched.

    $ blog translated content/posts/hello/index.ja.md
    content/posts/hello/index.ja.md: made from 12 paragraphs of posts/hello/index.en.md
`

func (a *app) translated(ctx context.Context, args []string) error {
	var p place
	var files []string
	for len(args) > 0 && (args[0] == "" || args[0][0] != '-') {
		files, args = append(files, args[0]), args[1:]
	}
	fs := flag.NewFlagSet("translated", flag.ContinueOnError)
	fs.StringVar(&p.content, "content", "content", "")
	fs.StringVar(&p.config, "config", "", "")
	if err := a.parse(fs, translatedHelp, args); err != nil {
		return err
	}
	if len(files) == 0 {
		return &usageError{"translated needs a file first, such as content/posts/hello/index.ja.md", "translated "}
	}
	cfg, err := a.configuration(&p)
	if err != nil {
		return err
	}
	loader, err := p.loader(cfg, "http://localhost:8080", true)
	if err != nil {
		return err
	}
	defer loader.Close()
	for _, file := range files {
		name, err := below(p.content, file)
		if err != nil {
			return err
		}
		t, err := loader.Translated(ctx, name)
		if err != nil {
			return err
		}
		// The folder's own names are the author's: the file that was read.
		path := filepath.Join(p.content, filepath.FromSlash(name))
		if err := replace(path, t.Text); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
		fmt.Fprintf(a.out, "%s: made from %s of %s\n", file, plural(t.Paragraphs, "paragraph"), t.Original)
	}
	return nil
}

// below is a file's name in the content folder, with slashes. A name that is
// not there may be one in the folder already.
func below(folder, file string) (string, error) {
	if !exists(file) && exists(filepath.Join(folder, file)) {
		return filepath.ToSlash(filepath.Clean(file)), nil
	}
	dir, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(dir, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s is not below the content folder %s", file, folder)
	}
	return filepath.ToSlash(rel), nil
}

// replace writes a file whole or not at all, with the permissions it had.
func replace(path string, text []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".translated-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already, if all went well
	_, err = f.Write(text)
	if e := f.Chmod(info.Mode().Perm()); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
