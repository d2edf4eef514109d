// What netc takes of libtorch's profiler, with a C face. Every exception becomes a text that the caller frees.

#include <ATen/record_function.h>
#include <kineto/ActivityType.h>
#include <torch/csrc/autograd/profiler_kineto.h>
#include <torch/version.h>

#include <cstdlib>
#include <cstring>
#include <deque>

#include "../native/guarded.hpp"

static_assert(TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 11,
              "the profiler's headers are private to libtorch: look through this file for each new version");

using libkineto::ActivityType;
namespace profiler = torch::autograd::profiler;

namespace {

// The numbers of `Activity` in kineto.rs.
enum Activity : uint8_t { OP, RANGE, LAUNCH, KERNEL, OTHER };

Activity activity_of(ActivityType type) {
  switch (type) {
    case ActivityType::CPU_OP:
      return OP;
    case ActivityType::USER_ANNOTATION:
      return RANGE;
    case ActivityType::CUDA_RUNTIME:
    case ActivityType::CUDA_DRIVER:
      return LAUNCH;
    case ActivityType::CONCURRENT_KERNEL:
    case ActivityType::GPU_MEMCPY:
    case ActivityType::GPU_MEMSET:
      return KERNEL;
    default:
      return OTHER;
  }
}

}  // namespace

struct netc_event {
  const char* name;
  uint64_t start_ns;
  uint64_t duration_ns;
  uint64_t correlation;
  // That of the op that a kernel was launched by; 0 if unknown.
  uint64_t op;
  // The thread, or the stream.
  int64_t lane;
  Activity activity;
};

struct netc_trace {
  std::unique_ptr<profiler::ProfilerResult> result;
  std::deque<std::string> names;
  std::vector<netc_event> events;

  explicit netc_trace(std::unique_ptr<profiler::ProfilerResult> recorded) : result(std::move(recorded)) {
    for (auto& event : result->events()) {
      if (event.isHiddenEvent()) continue;
      names.push_back(event.name());
      events.push_back({names.back().c_str(), event.startNs(), event.durationNs(), event.correlationId(),
                        event.linkedCorrelationId(), event.deviceResourceId(),
                        activity_of(static_cast<ActivityType>(event.activityType()))});
    }
  }
};

extern "C" {

// Records this thread's ops and ranges from now on, with `cuda` the kernels of all GPUs too.
char* netc_trace_start(bool cuda) {
  return guarded([&] {
    // Built with CUDA, Kineto complains on standard error where there is no GPU.
    if (!cuda) setenv("KINETO_LOG_LEVEL", "5", /*overwrite=*/0);
    profiler::ProfilerConfig config(profiler::ProfilerState::KINETO);
    std::set<profiler::ActivityType> activities{profiler::ActivityType::CPU};
    if (cuda) activities.insert(profiler::ActivityType::CUDA);
    profiler::prepareProfiler(config, activities);
    profiler::enableProfiler(config, activities);
  });
}

// Ends what `netc_trace_start` began on this thread.
char* netc_trace_stop(netc_trace** made) {
  return guarded([&] { *made = new netc_trace(profiler::disableProfiler()); });
}

void netc_trace_free(netc_trace* trace) { delete trace; }

// The events; they live as long as the trace.
const netc_event* netc_trace_events(const netc_trace* trace, size_t* count) {
  *count = trace->events.size();
  return trace->events.data();
}

// Writes Chrome's JSON; once.
char* netc_trace_save(netc_trace* trace, const char* path) {
  return guarded([&] { trace->result->save(path); });
}

// Whether anything records the ranges of this thread.
bool netc_trace_listens() { return at::hasCallbacks(); }

// Begins a range, which `netc_range_end` ends on this thread. Null if it cannot be recorded.
at::RecordFunction* netc_range_start(const char* name, size_t length) {
  at::RecordFunction* range = nullptr;
  free(guarded([&] {
    auto begun = std::make_unique<at::RecordFunction>(at::RecordScope::USER_SCOPE);
    begun->before(std::string_view(name, length));
    range = begun.release();
  }));
  return range;
}

void netc_range_end(at::RecordFunction* range) {
  free(guarded([&] { delete range; }));
}

}  // extern "C"
