package bowshot

import (
	"runtime"
	"slices"
	"sync"
	"unsafe"
	"weak"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

const (
	recycledBytesMin = 64 << 10 // less is cheaper to have new
	recycledBytesMax = 64 << 20 // kept at once, by all readers of the program
)

// recycledMemory is an allocator of message bodies that gives those again which Go's collector has
// found unused, by a finalizer on each: nothing that points into a body is left then, not even a
// string, so this is as safe as Go's own memory. It is quicker, as nothing is cleared, the heap stays
// large enough to be collected seldom, and its pages stay with the process.
type recycledMemory struct {
	lock      sync.Mutex
	free      [][]byte
	freeBytes int
}

// recycled is the one that all readers share. When none of them is left, and no body, the collector
// takes it, with all that it kept.
var recycled struct {
	lock   sync.Mutex
	memory weak.Pointer[recycledMemory]
}

func sharedRecycledMemory() *recycledMemory {
	recycled.lock.Lock()
	defer recycled.lock.Unlock()
	shared := recycled.memory.Value()
	if shared == nil {
		shared = &recycledMemory{}
		recycled.memory = weak.Make(shared)
	}
	return shared
}

func (r *recycledMemory) Allocate(size int) []byte {
	if size < recycledBytesMin {
		return memory.DefaultAllocator.Allocate(size)
	}
	block := r.take(size)
	if block == nil {
		// Blocks of this size begin a page, and bodies that are nearly as long fit into one.
		block = make([]byte, (size+recycledBytesMin-1)/recycledBytesMin*recycledBytesMin)
	}
	length := len(block)
	runtime.SetFinalizer(&block[0], func(first *byte) {
		r.put(unsafe.Slice(first, length)) //nolint:gosec // it was made as long as that
	})
	return block[:size:size]
}

// take finds a block that fits and is not mostly waste.
func (r *recycledMemory) take(size int) []byte {
	r.lock.Lock()
	defer r.lock.Unlock()
	i := slices.IndexFunc(r.free, func(b []byte) bool { return len(b) >= size && len(b) <= 2*size })
	if i < 0 {
		return nil
	}
	block := r.free[i]
	r.free = slices.Delete(r.free, i, i+1)
	r.freeBytes -= len(block)
	return block
}

// put keeps a block that nothing points to, if there is room.
func (r *recycledMemory) put(block []byte) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.freeBytes+len(block) > recycledBytesMax {
		return
	}
	r.free = append(r.free, block)
	r.freeBytes += len(block)
}

func (r *recycledMemory) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return b[:size]
	}
	grown := r.Allocate(size)
	copy(grown, b)
	return grown
}

// Free leaves it to the collector: what points to the block may still be in use.
func (r *recycledMemory) Free([]byte) {}
