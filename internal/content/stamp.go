package content

import "io/fs"

// stamp says of a file what changes when its bytes do. The inode and the time
// of change are zero where the system has none; they tell apart what has equal
// size and modification time: a file that was moved here, or whose time was set
// back.
type stamp struct {
	size   int64
	mod    int64 // of modification, Unix nanoseconds
	inode  uint64
	change int64 // of the inode, Unix nanoseconds
}

func stampOf(info fs.FileInfo) stamp {
	s := stamp{size: info.Size(), mod: info.ModTime().UnixNano()}
	s.inode, s.change = identity(info)
	return s
}
