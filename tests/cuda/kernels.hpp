// The kernels on a CPU, by the include path torch/src/lower/cuda. The order is that in which NVRTC
// gets the files.
#pragma once
#include "host.hpp"

#include "kernels/device.cuh"
#include "kernels/half.cuh"
#include "kernels/state.cuh"
#include "kernels/reduce.cuh"
#include "kernels/max_pool.cuh"
#include "kernels/activation.cuh"
#include "kernels/batch_norm.cuh"
#include "kernels/batch_norm_backward.cuh"
#include "kernels/dropout.cuh"
#include "kernels/loss.cuh"
#include "kernels/optimizer.cuh"
#include "kernels/update.cuh"
#include "kernels/augment.cuh"
#include "kernels/kernels.cu"
