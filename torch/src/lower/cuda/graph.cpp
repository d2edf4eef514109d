// Streams and CUDA graphs of libtorch for a program that is not linked against libtorch_cuda: its
// functions are looked up by name once the library is loaded.
#include <dlfcn.h>
#include <torch/version.h>

#include <stdexcept>
#include <string>

#include "../../native/guarded.hpp"

static_assert(TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 11,
              "the types below are private to libtorch: look at them for each new version");

namespace {

// c10::cuda::CUDAStream: trivially copyable, passed in two registers.
struct Stream {
    long long first, second;
};

// at::cuda::CUDAGraph.
struct Graph {
    alignas(8) unsigned char body[104];
    bool made = false;
};

// A function of libtorch_cuda by its mangled name.
template <class F>
struct Function {
    const char *name;

    F *get() const {
        void *found = dlsym(RTLD_DEFAULT, name);
        if (!found) throw std::runtime_error(std::string("libtorch_cuda has no function ") + name);
        return reinterpret_cast<F *>(found);
    }
};

constexpr Function<Stream(bool, signed char)> stream_from_pool{
    "_ZN3c104cuda17getStreamFromPoolEba"};
constexpr Function<void(signed char, bool)> set_device{"_ZN3c104cuda10set_deviceEab"};
constexpr Function<void(Stream)> set_stream{
    "_ZN3c104cuda20setCurrentCUDAStreamENS0_10CUDAStreamE"};
constexpr Function<Stream(signed char)> get_stream{"_ZN3c104cuda20getCurrentCUDAStreamEa"};
constexpr Function<void *(const Stream *)> handle{"_ZNK3c104cuda10CUDAStream6streamEv"};
constexpr Function<void(void *, bool)> construct{"_ZN2at4cuda9CUDAGraphC1Eb"};
constexpr Function<void(void *, unsigned long long, unsigned long long, int)> capture_begin{
    "_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode"};
constexpr Function<void(void *)> capture_end{"_ZN2at4cuda9CUDAGraph11capture_endEv"};
constexpr Function<void(void *)> replay{"_ZN2at4cuda9CUDAGraph6replayEv"};
constexpr Function<void(void *)> destroy{"_ZN2at4cuda9CUDAGraphD1Ev"};

}  // namespace

extern "C" {

char *netc_cuda_check() {
    return guarded([] {
        set_device.get();
        stream_from_pool.get();
        set_stream.get();
        get_stream.get();
        handle.get();
        construct.get();
        capture_begin.get();
        capture_end.get();
        replay.get();
        destroy.get();
    });
}

// Makes a GPU the one that this thread's calls of driver and runtime go to.
char *netc_cuda_set_device(signed char device) {
    return guarded([&] { set_device.get()(device, false); });
}

char *netc_cuda_own_stream(signed char device) {
    return guarded([&] { set_stream.get()(stream_from_pool.get()(false, device)); });
}

char *netc_cuda_current_stream(signed char device, void **stream) {
    return guarded([&] {
        static auto *current = get_stream.get();
        static auto *pointer = handle.get();
        Stream own = current(device);
        *stream = pointer(&own);
    });
}

char *netc_cuda_graph_begin(void **graph) {
    auto *made = new Graph;
    *graph = made;
    return guarded([&] {
        construct.get()(made, false);
        made->made = true;
        // The pool {0, 0} is one of its own; mode 1 is cudaStreamCaptureModeThreadLocal.
        capture_begin.get()(made, 0, 0, 1);
    });
}

char *netc_cuda_graph_end(void *graph) {
    return guarded([&] { capture_end.get()(graph); });
}

char *netc_cuda_graph_replay(void *graph) {
    return guarded([&] {
        static auto *run = replay.get();
        run(graph);
    });
}

void netc_cuda_graph_free(void *graph) {
    auto *made = static_cast<Graph *>(graph);
    free(guarded([&] {
        if (made->made) destroy.get()(graph);
    }));
    delete made;
}
}
