// The kernels of a training step. NVRTC compiles the files of this folder as one text, without a
// header, in this order: device.cuh, half.cuh, state.cuh, reduce.cuh, max_pool.cuh, activation.cuh,
// batch_norm.cuh, batch_norm_backward.cuh, dropout.cuh, loss.cuh, optimizer.cuh, update.cuh,
// augment.cuh, kernels.cu.
//
// Activations are channels-last. A kernel's name ends in the channels of one access and the number
// format: v8 takes channels in multiples of 8 and pointers aligned to 16 bytes, v4 of 4, v1 any. An
// activation has less than 2^31 pixels. Grids, in blocks:
//   statistics, normalise, gradient_*, max_pool*: x: any (RUN where sums are taken),
//     y: ceil(channels / WIDTH)
//   global_max*: ceil(images * channels / V / THREADS); cross_entropy: 1, of EXAMPLES threads
//   dropout: ceil(count / (8 THREADS)); augment: one an image
//   sgd, adamw, finite, copy_weights, lerp: one a chunk
//   advance: 1, of SCALARS threads
// All others are of THREADS threads.

#define BATCH_NORM_KERNELS(T, V, POOL, NAME)                                                    \
  KERNEL(THREADS, 3)                                                                            \
  normalise_##NAME(const T::Element* input, T::Element* output, const T::Element* residual,     \
                   const float* moments, unsigned pixels, unsigned channels, unsigned width,    \
                   unsigned activation, float parameter) {                                      \
    if (activation <= RELU) {                                                                   \
      normalise<T, V, POOL>(input, output, residual, moments, pixels, channels, width,          \
                            Clamp(activation, parameter));                                      \
    } else {                                                                                    \
      normalise<T, V, POOL>(input, output, residual, moments, pixels, channels, width,          \
                            Curve(activation, parameter));                                      \
    }                                                                                           \
  }                                                                                             \
  KERNEL(THREADS, 2)                                                                            \
  gradient_sums_##NAME(const T::Element* input, const T::Element* grad_output,                  \
                       const T::Element* grad_second, const float* moments, const float* gamma, \
                       float* grad_gamma, float* grad_beta, float* factors, float* partials,    \
                       unsigned* tickets, unsigned pixels, unsigned channels, unsigned width,   \
                       unsigned activation, float parameter) {                                  \
    if (activation <= RELU) {                                                                   \
      gradient_sums<T, V, POOL>(input, grad_output, grad_second, moments, gamma, grad_gamma,    \
                                grad_beta, factors, partials, tickets, pixels, channels, width, \
                                Clamp(activation, parameter));                                  \
    } else {                                                                                    \
      gradient_sums<T, V, POOL>(input, grad_output, grad_second, moments, gamma, grad_gamma,    \
                                grad_beta, factors, partials, tickets, pixels, channels, width, \
                                Curve(activation, parameter));                                  \
    }                                                                                           \
  }                                                                                             \
  KERNEL(THREADS, 2)                                                                            \
  gradient_input_##NAME(const T::Element* input, const T::Element* grad_output,                 \
                        const T::Element* grad_second, T::Element* grad_input,                  \
                        const float* moments, const float* factors, unsigned pixels,            \
                        unsigned channels, unsigned width, unsigned activation,                 \
                        float parameter) {                                                      \
    if (activation <= RELU) {                                                                   \
      gradient_input<T, V, POOL>(input, grad_output, grad_second, grad_input, moments, factors, \
                                 pixels, channels, width, Clamp(activation, parameter));        \
    } else {                                                                                    \
      gradient_input<T, V, POOL>(input, grad_output, grad_second, grad_input, moments, factors, \
                                 pixels, channels, width, Curve(activation, parameter));        \
    }                                                                                           \
  }

#define STATISTICS_KERNEL(T, V, NAME)                                                           \
  KERNEL(THREADS, 3)                                                                            \
  statistics_##NAME(const T::Element* input, const float* gamma, const float* beta,             \
                    float* running_mean, float* running_var, float* moments, float* partials,   \
                    unsigned* tickets, unsigned pixels, unsigned channels, double momentum,     \
                    double eps) {                                                               \
    statistics<T, V>(input, gamma, beta, running_mean, running_var, moments, partials, tickets, \
                     pixels, channels, momentum, eps);                                          \
  }

#define GLOBAL_MAX_KERNELS(T, V, NAME)                                                             \
  KERNEL(THREADS, 3)                                                                               \
  global_max_##NAME(const T::Element* input, T::Element* output, unsigned images, unsigned pixels, \
                    unsigned channels) {                                                           \
    global_max<T, V>(input, output, images, pixels, channels);                                     \
  }                                                                                                \
  KERNEL(THREADS, 3)                                                                               \
  global_max_gradient_##NAME(const T::Element* input, const T::Element* grad_output,               \
                             T::Element* grad_input, unsigned images, unsigned pixels,             \
                             unsigned channels) {                                                  \
    global_max_gradient<T, V>(input, grad_output, grad_input, images, pixels, channels);           \
  }

#define MAX_POOL_KERNELS(T, V, NAME)                                                   \
  KERNEL(THREADS, 3)                                                                   \
  max_pool_##NAME(const T::Element* input, T::Element* output, unsigned pixels,        \
                  unsigned channels, unsigned height, unsigned width) {                \
    max_pool<T, V>(input, output, pixels, channels, height, width);                    \
  }                                                                                    \
  KERNEL(THREADS, 3)                                                                   \
  max_pool_gradient_##NAME(const T::Element* input, const T::Element* grad_output,     \
                           T::Element* grad_input, unsigned pixels, unsigned channels, \
                           unsigned height, unsigned width) {                          \
    max_pool_gradient<T, V>(input, grad_output, grad_input, pixels, channels, height,  \
                            width);                                                    \
  }

#define DROPOUT_KERNEL(T, NAME)                                                                   \
  KERNEL(THREADS, 4)                                                                              \
  dropout_##NAME(const T::Element* x, T::Element* y, const State* state, unsigned long long seed, \
                 float keep, unsigned count) {                                                    \
    dropout<T>(x, y, state, seed, keep, count);                                                   \
  }

#define LOSS_KERNEL(T, LANES, NAME)                                                           \
  KERNEL(EXAMPLES, 1)                                                                         \
  cross_entropy_##NAME(const T::Element* logits, const long long* labels,                     \
                       T::Element* grad_logits, State* state, unsigned count,                 \
                       unsigned classes, float smoothing) {                                   \
    cross_entropy<T, LANES>(logits, labels, grad_logits, state, count, classes, smoothing);   \
  }

#define AUGMENT_KERNEL(T, NAME)                                                                \
  KERNEL(THREADS, 4)                                                                           \
  augment_##NAME(const unsigned char* images, const long long* labels, const Draw* draws,      \
                 const State* state, T::Element* output, long long* labels_out,                \
                 unsigned height, unsigned width, unsigned pad, unsigned channels,             \
                 unsigned cutout, KERNEL_CONSTANT Colours colours) {                           \
    augment<T>(images, labels, draws, state, output, labels_out, height, width, pad, channels, \
               cutout, colours);                                                               \
  }

#define WEIGHT_KERNELS(T, NAME)                                                                \
  KERNEL(THREADS, 4)                                                                           \
  sgd_##NAME(const Weight* weights, const Chunk* chunks, const State* state, float momentum,   \
             unsigned nesterov) {                                                              \
    sgd<T>(weights, chunks, state, momentum, nesterov != 0);                                   \
  }                                                                                            \
  KERNEL(THREADS, 4)                                                                           \
  adamw_##NAME(const Weight* weights, const Chunk* chunks, const State* state, float beta1,    \
               float beta2, float eps, float inverse_batch) {                                  \
    adamw<T>(weights, chunks, state, beta1, beta2, eps, inverse_batch);                        \
  }                                                                                            \
  KERNEL(THREADS, 4)                                                                           \
  finite_##NAME(const Weight* weights, const Chunk* chunks, State* state) {                    \
    finite<T>(weights, chunks, state);                                                         \
  }                                                                                            \
  KERNEL(THREADS, 4)                                                                           \
  copy_weights_##NAME(const Weight* weights, const Chunk* chunks) {                            \
    copy_weights<T>(weights, chunks);                                                          \
  }

KERNEL(THREADS, 4)
lerp(const Pair* pairs, const Chunk* chunks, const State* state, unsigned scalar) {
  lerp_pairs(pairs, chunks, state, scalar);
}

#define LAYER_KERNELS(T, V, NAME)             \
  STATISTICS_KERNEL(T, V, NAME)               \
  BATCH_NORM_KERNELS(T, V, false, NAME)       \
  BATCH_NORM_KERNELS(T, V, true, pool_##NAME) \
  MAX_POOL_KERNELS(T, V, NAME)                \
  GLOBAL_MAX_KERNELS(T, V, NAME)

#define KERNELS(T, V, NAME)          \
  LAYER_KERNELS(T, V, v##V##_##NAME) \
  LAYER_KERNELS(T, 1, v1_##NAME)     \
  DROPOUT_KERNEL(T, NAME)            \
  LOSS_KERNEL(T, 1, thread_##NAME)   \
  LOSS_KERNEL(T, 32, warp_##NAME)    \
  AUGMENT_KERNEL(T, NAME)

// Formats of which there are kernels: 1 fp16, 2 bf16, 4 fp32. Weights have copies in the first two.
#ifndef FORMATS
#define FORMATS 7
#endif
#if FORMATS & 1
KERNELS(F16, 8, f16)
#endif
#if FORMATS & 2
KERNELS(B16, 8, b16)
#endif
#if FORMATS & 4
KERNELS(F32, 4, f32)
#endif
WEIGHT_KERNELS(F16, f16)
WEIGHT_KERNELS(B16, b16)
