package exchangeonline

// chunk is what one batch holds. Graph works on the parts of a batch in parallel,
// on those of a chain one after the other.
type chunk struct {
	parts []*part
	chain bool
}

// spread makes batches of the parts, with no more of one mailbox in each than it takes at
// once, because Graph sends the parts of a batch in parallel; where that would leave them
// half empty, and chains are wanted, it makes chains.
func spread(parts []*part, perMailbox int, chains bool) []chunk {
	var chunks []chunk
	for len(parts) > 0 {
		some, rest := parallel(parts, perMailbox)
		if room := min(maxParts, len(parts)); chains && len(some) < room {
			chunks = append(chunks, chunk{parts: parts[:room], chain: true})
			parts = parts[room:]
			continue
		}
		chunks, parts = append(chunks, chunk{parts: some}), rest
	}
	return chunks
}

// parallel takes the parts for a batch whose parts run side by side.
func parallel(parts []*part, perMailbox int) (some, rest []*part) {
	count := map[string]int{}
	for _, p := range parts {
		if len(some) < maxParts && count[p.mailbox] < perMailbox {
			count[p.mailbox]++
			some = append(some, p)
		} else {
			rest = append(rest, p)
		}
	}
	return some, rest
}
