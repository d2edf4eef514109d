// Runs CUDA kernels on a CPU as fast as it can, without a look at what they do: one block at a
// time, its threads in order. A thread gets a fibre of its own only where it waits for others.
#pragma once
#include <setjmp.h>
#include <ucontext.h>

#include <cstdlib>
#include <deque>
#include <functional>
#include <vector>

struct Three {
  unsigned x, y, z;
};
inline Three threadIdx, blockIdx, blockDim, gridDim;

namespace emulator {

// Begun by a context, and from then on switched by jumps, which need no system call.
struct Fibre {
  ucontext_t context;
  jmp_buf point;
  bool begun = false;
  unsigned thread;  // that waits in it
  bool in_exchange;
};

struct Machine {
  std::deque<Fibre> fibres;
  std::vector<Fibre*> idle, waiting;  // waiting: in the order of their threads
  Fibre* fibre;                       // that runs
  unsigned next;                      // thread that has not begun
  std::vector<unsigned> exchanged[2], turns;
  jmp_buf scheduler;
  const std::function<void()>* body;
};
inline Machine machine;

[[gnu::noinline]] inline void pause() {
  if (_setjmp(machine.fibre->point) == 0) _longjmp(machine.scheduler, 1);
}

[[gnu::noinline]] inline void resume(Fibre& fibre) {
  machine.fibre = &fibre;
  if (_setjmp(machine.scheduler) != 0) return;
  if (fibre.begun) _longjmp(fibre.point, 1);
  fibre.begun = true;
  setcontext(&fibre.context);
}

inline void wait(bool in_exchange) {
  Fibre& self = *machine.fibre;
  self.thread = threadIdx.x;
  self.in_exchange = in_exchange;
  machine.waiting.push_back(&self);
  pause();
  threadIdx.x = self.thread;
}

inline void barrier() { wait(false); }

// The bits of the thread whose number differs from the own one in the bits `with`.
inline unsigned exchange(unsigned bits, unsigned with) {
  const unsigned at = threadIdx.x, turn = machine.turns[at]++ % 2;
  machine.exchanged[turn][at] = bits;
  wait(true);
  return machine.exchanged[turn][at ^ with];
}

// Takes one thread after the other as long as none waits.
inline void run() {
  for (;;) {
    while (machine.next < blockDim.x) {
      threadIdx.x = machine.next++;
      (*machine.body)();
    }
    machine.idle.push_back(machine.fibre);
    pause();
  }
}

inline Fibre* idle_fibre() {
  constexpr size_t STACK = 64 << 10;
  if (machine.idle.empty()) {
    ucontext_t& context = machine.fibres.emplace_back().context;
    getcontext(&context);
    context.uc_stack.ss_sp = std::malloc(STACK);
    context.uc_stack.ss_size = STACK;
    makecontext(&context, run, 0);
    machine.idle.push_back(&machine.fibres.back());
  }
  Fibre* const fibre = machine.idle.back();
  machine.idle.pop_back();
  return fibre;
}

inline void run_block() {
  machine.next = 0;
  while (machine.next < blockDim.x) resume(*idle_fibre());
  std::vector<Fibre*> round;
  while (!machine.waiting.empty()) {
    // Threads that exchange go on until all have come to the barrier.
    round.swap(machine.waiting);
    machine.waiting.clear();
    bool exchanges = false;
    for (const Fibre* fibre : round) exchanges |= fibre->in_exchange;
    for (Fibre* fibre : round) {
      if (exchanges && !fibre->in_exchange) {
        machine.waiting.push_back(fibre);
      } else {
        resume(*fibre);
      }
    }
  }
}

// The order of threads, which here is always the same.
inline void seed(unsigned) {}

// Runs a kernel: `kernel` is called in each thread.
template <class F>
void launch(unsigned blocks_x, unsigned blocks_y, unsigned threads, F kernel) {
  const std::function<void()> body = kernel;
  machine.body = &body;
  gridDim = {blocks_x, blocks_y, 1};
  blockDim = {threads, 1, 1};
  for (auto& buffer : machine.exchanged) buffer.resize(threads);
  machine.turns.assign(threads, 0);
  for (unsigned y = 0; y < blocks_y; y++) {
    for (unsigned x = 0; x < blocks_x; x++) {
      blockIdx = {x, y, 0};
      run_block();
    }
  }
}

}  // namespace emulator
