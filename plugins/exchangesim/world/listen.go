package world

import "sync"

// listeners are those who hear of changes as they happen.
type listeners struct {
	mu   sync.Mutex
	next int
	all  map[int]func(*Mailbox, Change)
}

// Listen has hear called for every change of a calendar from now on, until stop. It
// is called in the middle of the change: it must neither wait nor look into the mailbox.
func (w *World) Listen(hear func(*Mailbox, Change)) (stop func()) {
	w.heard.mu.Lock()
	defer w.heard.mu.Unlock()
	if w.heard.all == nil {
		w.heard.all = map[int]func(*Mailbox, Change){}
	}
	id := w.heard.next
	w.heard.next++
	w.heard.all[id] = hear
	return func() {
		w.heard.mu.Lock()
		defer w.heard.mu.Unlock()
		delete(w.heard.all, id)
	}
}

// tell calls the listeners.
func (l *listeners) tell(m *Mailbox, c Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, hear := range l.all {
		hear(m, c)
	}
}
