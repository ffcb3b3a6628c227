# Gives a picture of Graphviz a title and a description, taken from the graph's
# comment ("about: TITLE | DESCRIPTION"), and takes away the names of its nodes,
# which a browser would show as tooltips.
/^ *<title>/d
/^<!-- about: /{
  s///
  h
  d
}
s/^<svg /<svg role="img" aria-labelledby="title desc" /
/xmlns:xlink="[^"]*">$/{
  G
  s/\n\(.*\) | \(.*\) -->$/\n<title id="title">\1<\/title>\n<desc id="desc">\2<\/desc>/
}
