package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Upkeep is when the state was last looked after, as far as that was noted.
type Upkeep struct {
	// Checked is when a serve last read through the whole state; zero for never.
	Checked time.Time `json:"checked,omitzero"`
	// Backup is the last one that was made with gateway backup.
	Backup *BackupNote `json:"backup,omitempty"`
}

// BackupNote says of a backup when it was made, where it was put, and how large it is.
type BackupNote struct {
	At    time.Time `json:"at"`
	File  string    `json:"file"`
	Bytes int64     `json:"bytes"`
}

// upkeepNote reads the note beside the state. One that is not there, or makes no sense,
// says nothing: it is for people alone.
func (p paths) upkeepNote() Upkeep {
	var u Upkeep
	data, err := os.ReadFile(p.upkeep)
	if err != nil || json.Unmarshal(data, &u) != nil {
		return Upkeep{}
	}
	return u
}

// noteUpkeep changes the note, which a backup makes without owning the state: so it is a
// file of its own, and replaced whole.
func (p paths) noteUpkeep(change func(*Upkeep)) error {
	u := p.upkeepNote()
	change(&u)
	data, err := json.Marshal(u)
	if err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(p.upkeep), filepath.Base(p.upkeep)+".*.part") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(part.Name()) }() // it is gone when all went well
	_, err = part.Write(data)
	if err = errors.Join(err, part.Close()); err != nil {
		return err
	}
	return os.Rename(part.Name(), p.upkeep)
}

// noted has the upkeep noted. Where that cannot be, what was done is done all the same: on
// a disk that is full or cannot be written to, a backup to another one is what is wanted.
func (a *App) noted(change func(*Upkeep)) {
	if err := a.paths.noteUpkeep(change); err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.opts.Log.Debug("when the state was looked after is not noted", "error", fmt.Sprint(err))
	}
}
