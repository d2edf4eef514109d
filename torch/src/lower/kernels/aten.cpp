// What tch has no binding for. Every function that can fail returns nullptr, or a message that the caller frees.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/util/env.h>

#include <cstring>
#include <mutex>

#include "../../native/guarded.hpp"

namespace {

at::Tensor *given(at::Tensor tensor) { return new at::Tensor(std::move(tensor)); }

c10::optional<at::Tensor> maybe(const at::Tensor *tensor) {
    return tensor ? c10::optional<at::Tensor>(*tensor) : c10::nullopt;
}

}  // namespace

extern "C" {

char *netc_build() { return strdup(at::show_config().c_str()); }

// cuDNN's algorithms are timed once for each shape, and fp32 is IEEE single, which TF32 is not.
void netc_prepare() {
    at::globalContext().setBenchmarkCuDNN(true);
    at::globalContext().setAllowTF32CuDNN(false);
}

void netc_deterministic() {
    // Without it libtorch refuses the products of cuBLAS, whose workspaces would vary.
    c10::utils::set_env("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/false);
    at::globalContext().setDeterministicAlgorithms(true, false);
    at::globalContext().setDeterministicFillUninitializedMemory(false);
    at::globalContext().setDeterministicCuDNN(true);
    at::globalContext().setBenchmarkCuDNN(false);
}

// Fills a tensor from a generator of its own, so that nothing else that draws numbers changes them.
char *netc_draw(at::Tensor *to, int64_t distribution, double p, int64_t seed) {
    return guarded([&] {
        auto shared = at::globalContext().defaultGenerator(to->device());
        auto own = [&] {
            std::lock_guard<std::mutex> lock(shared.mutex());
            return shared.clone();
        }();
        own.set_current_seed(static_cast<uint64_t>(seed));
        switch (distribution) {
            case 0: to->bernoulli_(p, own); break;
            case 1: to->uniform_(0, 1, own); break;
            default: to->normal_(0, 1, own);
        }
    });
}

void netc_parallel(void (*work)(void *, int64_t), void *context, int64_t count) {
    at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) work(context, i);
    });
}

char *netc_convolution_backward(const at::Tensor *gradient, const at::Tensor *input, const at::Tensor *weight,
                                const int64_t *stride, const int64_t *pad, const int64_t *dilation, int64_t groups,
                                const bool *wanted, at::Tensor **out) {
    return guarded([&] {
        at::IntArrayRef none;
        int64_t outside = weight->size(0);
        auto bias = wanted[2] ? at::OptionalIntArrayRef(at::IntArrayRef(&outside, 1)) : at::OptionalIntArrayRef();
        auto all = at::convolution_backward(*gradient, *input, *weight, bias, {stride[0], stride[1]}, {pad[0], pad[1]},
                                            {dilation[0], dilation[1]}, false, {0, 0}, groups,
                                            {wanted[0], wanted[1], wanted[2]});
        if (wanted[0]) out[0] = given(std::get<0>(all));
        if (wanted[1]) out[1] = given(std::get<1>(all));
        if (wanted[2]) out[2] = given(std::get<2>(all));
    });
}

char *netc_batch_norm_backward(const at::Tensor *gradient, const at::Tensor *input, const at::Tensor *weight,
                               const at::Tensor *running_mean, const at::Tensor *running_var, const at::Tensor *mean,
                               const at::Tensor *inverse, double eps, at::Tensor **out) {
    return guarded([&] {
        auto all = at::native_batch_norm_backward(*gradient, *input, maybe(weight), maybe(running_mean), maybe(running_var),
                                                  maybe(mean), maybe(inverse), true, eps, {true, true, true});
        out[0] = given(std::get<0>(all));
        out[1] = given(std::get<1>(all));
        out[2] = given(std::get<2>(all));
    });
}
}
