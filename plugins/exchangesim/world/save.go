package world

import (
	"maps"
	"slices"
)

// Save notes what the world holds; restore brings exactly that back, as often as it is
// called: mailboxes, items, changes and positions, accounts, and what was mailed. Ids
// are not given twice all the same. Nobody who listens is told. Nothing may read or
// write the world meanwhile.
//
// A test that disturbs the same state again and again prepares it once so.
func (w *World) Save() (restore func()) {
	byAddress, accounts, scope, mail := maps.Clone(w.byAddress), maps.Clone(w.accounts), maps.Clone(w.scope), w.Outbox()
	var mailboxes []func()
	for _, m := range w.Mailboxes() {
		mailboxes = append(mailboxes, m.save())
	}
	return func() {
		w.mu.Lock()
		w.byAddress, w.accounts, w.scope = maps.Clone(byAddress), maps.Clone(accounts), maps.Clone(scope)
		w.mu.Unlock()
		w.outbox.mu.Lock()
		w.outbox.mail = slices.Clone(mail)
		w.outbox.mu.Unlock()
		for _, restoreMailbox := range mailboxes {
			restoreMailbox()
		}
	}
}

func (m *Mailbox) save() (restore func()) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	profile, transactions := m.profile, maps.Clone(m.transactions)
	folders, items, log := cloneFolders(m.folders), cloneRecords(m.items), m.log.clone()
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.profile, m.transactions = profile, maps.Clone(transactions)
		m.folders, m.items, m.log = cloneFolders(folders), cloneRecords(items), log.clone()
	}
}

func cloneFolders(folders map[FolderKind]*Folder) map[FolderKind]*Folder {
	clones := map[FolderKind]*Folder{}
	for kind, f := range folders {
		clone := *f
		clones[kind] = &clone
	}
	return clones
}

func cloneRecords(records map[ItemID]*record) map[ItemID]*record {
	clones := map[ItemID]*record{}
	for id, r := range records {
		clone := &record{item: r.item, exceptions: map[Date]Item{}, deleted: maps.Clone(r.deleted)}
		clone.item.Appointment = r.item.clone()
		for day, it := range r.exceptions {
			it.Appointment = it.clone()
			clone.exceptions[day] = it
		}
		clones[id] = clone
	}
	return clones
}

func (l *changeLog) clone() changeLog {
	clone := *l
	clone.entries, clone.latest = slices.Clone(l.entries), maps.Clone(l.latest)
	return clone
}
