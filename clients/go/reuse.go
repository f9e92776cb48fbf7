package bowshot

import (
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

const (
	reusedBytesMin  = 64 << 10 // less is cheaper to have new
	reusedBlocksMax = 4        // kept at once, by one reader
)

// reusedMemory is an allocator of message bodies that gives freed ones again: Go would clear each new
// one and collect the old, which costs more than reading them. Blocks may outlive the reader in batches
// that were retained; after close they go back to where they came from.
type reusedMemory struct {
	below    memory.Allocator
	lock     sync.Mutex
	lent     map[*byte][]byte // whole blocks, by where they begin
	free     [][]byte
	isClosed bool
}

func newReusedMemory(below memory.Allocator) *reusedMemory {
	return &reusedMemory{below: below, lent: map[*byte][]byte{}}
}

func (r *reusedMemory) Allocate(size int) []byte {
	if size < reusedBytesMin {
		return r.below.Allocate(size)
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	var block []byte
	if i := slices.IndexFunc(r.free, func(b []byte) bool { return len(b) >= size }); i >= 0 {
		block = r.free[i]
		r.free = slices.Delete(r.free, i, i+1)
	} else {
		block = r.below.Allocate(size + size/8) // the next body is rarely just as long
	}
	r.lent[&block[0]] = block
	return block[:size:size]
}

func (r *reusedMemory) Reallocate(size int, b []byte) []byte {
	grown := r.Allocate(size)
	copy(grown, b)
	r.Free(b)
	return grown
}

func (r *reusedMemory) Free(b []byte) {
	if len(b) == 0 {
		r.below.Free(b)
		return
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	block, isOurs := r.lent[&b[0]]
	if !isOurs {
		r.below.Free(b)
		return
	}
	delete(r.lent, &block[0])
	if r.isClosed {
		r.below.Free(block)
		return
	}
	r.free = append(r.free, block)
	if len(r.free) > reusedBlocksMax { // the longest are of most use
		slices.SortFunc(r.free, func(a, b []byte) int { return len(b) - len(a) })
		r.below.Free(r.free[reusedBlocksMax])
		r.free = r.free[:reusedBlocksMax]
	}
}

func (r *reusedMemory) close() {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.isClosed = true
	for _, block := range r.free {
		r.below.Free(block)
	}
	r.free = nil
}
