package bowshot

import (
	"errors"
	"os"
	"path/filepath"
)

const (
	folderPrefix   = "bowshot-"
	ownerFile      = "owner"
	socketBytesMax = 100 // of a Unix socket's path; the system's own limit is 104 or 108
)

// serverFolder holds one server's socket and token. Its file `owner` is locked for as long as this
// process lives, however it ends: a folder whose lock is free is removed by the next that is made.
type serverFolder struct {
	path  string
	owner *os.File
}

// newServerFolder is of this user alone, and its path short enough for a socket's.
func newServerFolder() (*serverFolder, error) {
	var problems []error
	for _, parent := range []string{os.Getenv("XDG_RUNTIME_DIR"), os.TempDir(), "/tmp"} {
		if parent == "" || len(parent)+len("/"+folderPrefix+"0123456789/socket") > socketBytesMax {
			continue
		}
		removeAbandoned(parent)
		path, err := os.MkdirTemp(parent, folderPrefix)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		made := &serverFolder{path: path}
		if err := made.own(); err != nil {
			made.remove()
			return nil, err
		}
		return made, nil
	}
	return nil, errors.Join(problems...)
}

// own gives the file its name once it is locked: nobody sees it free before.
func (f *serverFolder) own() error {
	fresh := filepath.Join(f.path, ownerFile+".new")
	file, err := os.OpenFile(fresh, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // in a folder of ours
	if err != nil {
		return err
	}
	f.owner = file
	if !tryLock(file) {
		return errors.New("a new file cannot be locked")
	}
	return os.Rename(fresh, filepath.Join(f.path, ownerFile))
}

func (f *serverFolder) remove() {
	_ = os.RemoveAll(f.path)
	if f.owner != nil {
		_ = f.owner.Close()
	}
}

// removeAbandoned removes what killed processes of this user have left. What cannot be removed stays.
func removeAbandoned(parent string) {
	found, _ := filepath.Glob(filepath.Join(parent, folderPrefix+"*", ownerFile))
	for _, owner := range found {
		folder := filepath.Dir(owner)
		info, err := os.Lstat(folder) //nolint:gosec // in the folder of sockets
		if err != nil || !isOwnFolder(info) {
			continue
		}
		file, err := os.OpenFile(owner, os.O_RDWR, 0) //nolint:gosec // in a folder of this user alone
		if err != nil {
			continue
		}
		if tryLock(file) {
			_ = os.RemoveAll(folder) //nolint:gosec // as above
		}
		_ = file.Close()
	}
}
