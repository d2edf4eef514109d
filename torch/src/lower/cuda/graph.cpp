// Streams and CUDA graphs of libtorch for a program that is not linked against libtorch_cuda: its
// functions are looked up by name once the library is loaded. Every function returns nullptr, or a message
// that the caller frees: an exception may not pass through Rust.
#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>

namespace {

// c10::cuda::CUDAStream of libtorch 2.11: trivially copyable, passed in two registers.
struct Stream {
    long long first, second;
};

// at::cuda::CUDAGraph of libtorch 2.11.
struct Graph {
    alignas(8) unsigned char body[104];
    bool made = false;
};

template <class F>
F *find(const char *name) {
    void *found = dlsym(RTLD_DEFAULT, name);
    if (!found) throw std::runtime_error(std::string("libtorch_cuda has no ") + name);
    return reinterpret_cast<F *>(found);
}

template <class F>
char *guarded(F work) {
    try {
        work();
        return nullptr;
    } catch (const std::exception &error) {
        return strdup(error.what());
    }
}

}  // namespace

extern "C" {

char *netc_cuda_own_stream(signed char device) {
    return guarded([&] {
        auto own = find<Stream(bool, signed char)>("_ZN3c104cuda17getStreamFromPoolEba")(false, device);
        find<void(Stream)>("_ZN3c104cuda20setCurrentCUDAStreamENS0_10CUDAStreamE")(own);
    });
}

char *netc_cuda_current_stream(signed char device, void **stream) {
    return guarded([&] {
        static auto current = find<Stream(signed char)>("_ZN3c104cuda20getCurrentCUDAStreamEa");
        static auto pointer = find<void *(const Stream *)>("_ZNK3c104cuda10CUDAStream6streamEv");
        Stream own = current(device);
        *stream = pointer(&own);
    });
}

char *netc_cuda_graph_begin(void **graph) {
    auto *made = new Graph;
    char *message = guarded([&] {
        find<void(void *, bool)>("_ZN2at4cuda9CUDAGraphC1Eb")(made, false);
        made->made = true;
        // The pool {0, 0} is one of its own; mode 1 is cudaStreamCaptureModeThreadLocal.
        find<void(void *, unsigned long long, unsigned long long, int)>(
            "_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode")(made, 0, 0, 1);
    });
    *graph = made;
    return message;
}

char *netc_cuda_graph_end(void *graph) {
    return guarded([&] { find<void(void *)>("_ZN2at4cuda9CUDAGraph11capture_endEv")(graph); });
}

char *netc_cuda_graph_replay(void *graph) {
    return guarded([&] {
        static auto replay = find<void(void *)>("_ZN2at4cuda9CUDAGraph6replayEv");
        replay(graph);
    });
}

void netc_cuda_graph_free(void *graph) {
    auto *made = static_cast<Graph *>(graph);
    char *message = guarded([&] {
        if (made->made) find<void(void *)>("_ZN2at4cuda9CUDAGraphD1Ev")(graph);
    });
    free(message);
    delete made;
}
}
