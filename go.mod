module github.com/victorleungtw/blog

go 1.26
