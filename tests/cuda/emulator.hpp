// Runs CUDA kernels on a CPU: a fibre for each thread, one to three blocks at a time, threads and
// blocks in a shuffled order. It finds what a GPU may hide: two threads at one place of shared
// memory without a barrier between them, reads of what was never written, barriers and exchanges
// that not all threads reach, and blocks that read what another one has not written yet.
#pragma once
#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <utility>
#include <vector>

struct Three {
  unsigned x, y, z;
};
inline Three threadIdx, blockIdx, blockDim, gridDim;

namespace emulator {

[[noreturn]] inline void fail(const char* what, const char* file, int line) {
  std::printf("FAILED %s:%d: %s (block %u %u, thread %u)\n", file, line, what, blockIdx.x,
              blockIdx.y, threadIdx.x);
  std::exit(1);
}

// Begun by a context, and from then on switched by jumps, which need no system call.
struct Fibre {
  ucontext_t context;
  jmp_buf point;
  bool begun = false, done;
  int line;                      // of the barrier it waits at
  unsigned barriers, exchanges;  // reached
  bool in_exchange;
};

// Who touched an element of shared memory last, between which barriers.
struct Access {
  int writer = -1, reader = -1;  // -2: several readers
  unsigned written = 0, read = 0;
  bool ever = false;
};

struct Array {
  std::vector<unsigned char> bytes;
  std::vector<Access> accesses;
};

struct Block {
  Three index;
  bool live = false;
  unsigned period;  // barriers that all threads have passed
  std::deque<Fibre> fibres;
  std::vector<unsigned> order;
  std::map<std::pair<const void*, int>, Array> arrays;
  std::vector<unsigned> exchanged[2];
};

struct Machine {
  std::deque<Block> blocks;
  Block* block;     // of the thread that runs
  unsigned thread;  // which one it is
  jmp_buf scheduler;
  const std::function<void()>* body;
  std::mt19937 random;
};
inline Machine machine;

inline Fibre& fibre() { return machine.block->fibres[machine.thread]; }

[[gnu::noinline]] inline void pause() {
  if (_setjmp(fibre().point) == 0) _longjmp(machine.scheduler, 1);
}

[[gnu::noinline]] inline void resume() {
  if (_setjmp(machine.scheduler) != 0) return;
  if (fibre().begun) _longjmp(fibre().point, 1);
  fibre().begun = true;
  setcontext(&fibre().context);
}

inline void barrier(int line) {
  fibre().line = line;
  fibre().barriers++;
  pause();
}

// The bits of the thread whose number differs from the own one in the bits `with`.
inline unsigned exchange(unsigned bits, unsigned with) {
  Fibre& self = fibre();
  const unsigned turn = self.exchanges++ % 2, at = machine.thread;
  machine.block->exchanged[turn][at] = bits;
  self.in_exchange = true;
  pause();
  self.in_exchange = false;
  return machine.block->exchanged[turn][at ^ with];
}

template <class E>
struct Shared {
  Array& array;
  const char* file;
  int line;

  Shared(const char* file, int line, size_t count)
      : array(machine.block->arrays[{file, line}]), file(file), line(line) {
    if (array.accesses.empty()) {
      array.bytes.assign(count * sizeof(E), 0xff);
      array.accesses.assign(count, Access());
    }
  }
  struct Element {
    const Shared& of;
    size_t at;
    E& value() const { return reinterpret_cast<E*>(of.array.bytes.data())[at]; }
    operator E() const {
      Access& access = of.array.accesses[at];
      const unsigned period = fibre().barriers;
      const int self = machine.thread;
      if (!access.ever) fail("shared memory is read before it is written", of.file, of.line);
      if (access.writer != self && access.written == period) {
        fail("a race: read after write", of.file, of.line);
      }
      const bool alone = access.reader == -1 || access.read != period || access.reader == self;
      access.reader = alone ? self : -2;
      access.read = period;
      return value();
    }
    Element& operator=(E to) {
      Access& access = of.array.accesses[at];
      const unsigned period = fibre().barriers;
      const int self = machine.thread;
      if (access.ever && access.writer != self && access.written == period) {
        fail("a race: write after write", of.file, of.line);
      }
      if (access.reader != -1 && access.reader != self && access.read == period) {
        fail("a race: write after read", of.file, of.line);
      }
      access.writer = self;
      access.written = period;
      access.ever = true;
      value() = to;
      return *this;
    }
    Element& operator=(const Element& from) { return *this = E(from); }
    Element& operator+=(E more) { return *this = E(*this) + more; }
  };
  Element operator[](size_t at) const {
    if (at >= array.accesses.size()) fail("beyond shared memory", file, line);
    return Element{*this, at};
  }
};

inline void run() {
  for (;;) {
    (*machine.body)();
    fibre().done = true;
    pause();
  }
}

inline void begin(Block& block, Three index, unsigned threads) {
  constexpr size_t STACK = 64 << 10;
  block.index = index;
  block.live = true;
  block.period = 0;
  block.arrays.clear();
  for (auto& buffer : block.exchanged) buffer.assign(threads, 0);
  while (block.fibres.size() < threads) {
    Fibre& fibre = block.fibres.emplace_back();
    getcontext(&fibre.context);
    fibre.context.uc_stack.ss_sp = std::malloc(STACK);
    fibre.context.uc_stack.ss_size = STACK;
    makecontext(&fibre.context, run, 0);
  }
  block.order.resize(threads);
  for (unsigned i = 0; i < threads; i++) {
    Fibre& fibre = block.fibres[i];
    fibre.done = fibre.in_exchange = false;
    fibre.barriers = fibre.exchanges = 0;
    fibre.line = 0;
    block.order[i] = i;
  }
}

inline bool runnable(const Block& block, unsigned thread) {
  const Fibre& self = block.fibres[thread];
  if (self.done || self.barriers > block.period) return false;
  if (!self.in_exchange) return true;
  const unsigned warp = thread / 32 * 32;
  for (unsigned i = warp; i < std::min(warp + 32, blockDim.x); i++) {
    if (block.fibres[i].exchanges < self.exchanges) return false;
  }
  return true;
}

// Goes once through `count` threads in a shuffled order; whether any of them moved.
inline bool sweep(Block& block, unsigned count) {
  bool moved = false;
  machine.block = &block;
  blockIdx = block.index;
  std::shuffle(block.order.begin(), block.order.end(), machine.random);
  for (unsigned i = 0; i < count; i++) {
    const unsigned thread = block.order[i];
    if (!runnable(block, thread)) continue;
    machine.thread = thread;
    threadIdx = {thread, 0, 0};
    resume();
    moved = true;
  }
  return moved;
}

// After a sweep of all threads in which none moved: the block is past a barrier, or at its end.
inline void pass(Block& block) {
  unsigned done = 0, waiting = 0;
  int line = 0;
  for (unsigned thread = 0; thread < blockDim.x; thread++) {
    const Fibre& fibre = block.fibres[thread];
    threadIdx = {thread, 0, 0};
    if (fibre.done) {
      done++;
    } else if (fibre.barriers > block.period) {
      waiting++;
      if (line != 0 && line != fibre.line) {
        fail("threads wait at different barriers", __FILE__, fibre.line);
      }
      line = fibre.line;
    } else {
      fail("an exchange that not all threads of a warp reach", __FILE__, fibre.line);
    }
  }
  if (waiting > 0 && done > 0) fail("a barrier that not all threads reach", __FILE__, line);
  block.live = waiting > 0;
  block.period++;
}

inline void seed(unsigned number) { machine.random.seed(number); }

// Runs a kernel: `kernel` is called in each thread.
template <class F>
void launch(unsigned blocks_x, unsigned blocks_y, unsigned threads, F kernel) {
  const std::function<void()> body = kernel;
  machine.body = &body;
  gridDim = {blocks_x, blocks_y, 1};
  blockDim = {threads, 1, 1};
  std::vector<unsigned> order(blocks_x * blocks_y);
  for (unsigned i = 0; i < order.size(); i++) order[i] = i;
  std::shuffle(order.begin(), order.end(), machine.random);
  const auto index = [&](unsigned at) { return Three{at % blocks_x, at / blocks_x, 0}; };
  const unsigned resident = std::min<unsigned>(1 + machine.random() % 3, order.size());
  while (machine.blocks.size() < resident) machine.blocks.emplace_back();
  unsigned next = 0, live = 0;
  for (; live < resident; live++) begin(machine.blocks[live], index(order[next++]), threads);
  while (live > 0) {
    Block& block = machine.blocks[machine.random() % resident];
    // Some sweeps in turn, some of them of a few threads, so that blocks get far apart.
    for (unsigned sweeps = resident == 1 ? ~0u : 1u << machine.random() % 6; sweeps > 0; sweeps--) {
      if (!block.live) break;
      const bool all = resident == 1 || machine.random() % 2;
      const bool moved = sweep(block, all ? threads : machine.random() % threads);
      if (!all || moved) continue;
      pass(block);
      if (block.live) continue;
      if (next < order.size()) {
        begin(block, index(order[next++]), threads);
      } else {
        live--;
      }
    }
  }
}

}  // namespace emulator
