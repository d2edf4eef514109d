// What netc takes of libtorch's c10d, with a C face. Every exception becomes a text that the caller frees.

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/version.h>

#include <cstring>

#include "../../native/guarded.hpp"

static_assert(TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 11,
              "c10d's headers are private to libtorch: look through this file for each new version");

using at::Tensor;
using std::chrono::milliseconds;

struct netc_group {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;

  void sum(std::vector<Tensor> tensors) {
    std::vector<c10::intrusive_ptr<c10d::Work>> works;
    std::vector<std::vector<Tensor>> lists;
    for (auto& tensor : tensors) lists.push_back({tensor});
    for (auto& list : lists) works.push_back(gloo->allreduce(list));
    for (auto& work : works) work->wait();
  }

  // By way of host memory, where Gloo works.
  Tensor summed(const Tensor& tensor) {
    auto host = tensor.to(at::kCPU, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
    sum({host});
    return host.to(tensor.device());
  }
};

struct netc_sum {
  c10::intrusive_ptr<c10d::Work> work;
};

namespace {

// Batch normalisation of [n, channels, ...] by the statistics of all ranks' batches together.
// S. Ioffe, C. Szegedy, "Batch Normalization", 2015, with sums over the ranks in place of sums over one batch.
struct SyncBatchNorm : torch::autograd::Function<SyncBatchNorm> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const Tensor& weight,
                        const Tensor& bias, const Tensor& running_mean, const Tensor& running_var,
                        double momentum, double eps, int64_t group) {
    auto* ranks = reinterpret_cast<netc_group*>(group);
    auto wide = x.to(weight.scalar_type());
    auto dims = others(x);
    auto total = at::cat({wide.sum(dims, false, at::kDouble),
                          at::full({1}, double(x.numel() / x.size(1)), at::kDouble)});
    total = ranks->summed(total);
    double count = total[-1].item<double>();
    auto mean = (total.narrow(0, 0, x.size(1)) / count).to(weight.scalar_type());
    auto centred = wide - along(mean, x);
    auto squares = centred.square().sum(dims, false, at::kDouble);
    squares = ranks->summed(squares);
    auto inverse = (squares / count + eps).rsqrt().to(weight.scalar_type());
    auto normal = centred * along(inverse, x);
    running_mean.mul_(1 - momentum).add_(mean, momentum);
    running_var.mul_(1 - momentum).add_((squares / std::max(count - 1, 1.0)).to(weight.scalar_type()), momentum);
    ctx->save_for_backward({normal, weight, inverse});
    ctx->saved_data["group"] = group;
    ctx->saved_data["count"] = count;
    return (normal * along(weight, x) + along(bias, x)).to(x.scalar_type());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list gradients) {
    auto saved = ctx->get_saved_variables();
    auto normal = saved[0], weight = saved[1], inverse = saved[2];
    auto* ranks = reinterpret_cast<netc_group*>(ctx->saved_data["group"].toInt());
    double count = ctx->saved_data["count"].toDouble();
    auto dy = gradients[0].to(weight.scalar_type());
    auto dims = others(dy);
    auto bias_gradient = dy.sum(dims, false, at::kDouble);
    auto weight_gradient = (dy * normal).sum(dims, false, at::kDouble);
    auto total = at::cat({bias_gradient, weight_gradient});
    total = ranks->summed(total);
    auto means = (total / count).to(weight.scalar_type());
    auto channels = dy.size(1);
    auto dx = along(weight * inverse, dy) * (dy - along(means.narrow(0, 0, channels), dy) -
                                             normal * along(means.narrow(0, channels, channels), dy));
    Tensor none;
    auto kind = weight.scalar_type();
    return {dx.to(gradients[0].scalar_type()), weight_gradient.to(kind), bias_gradient.to(kind),
            none, none, none, none, none};
  }

  // All dimensions but the channels'.
  static std::vector<int64_t> others(const Tensor& x) {
    std::vector<int64_t> dims;
    for (int64_t d = 0; d < x.dim(); d++)
      if (d != 1) dims.push_back(d);
    return dims;
  }

  // A value for each channel, to go with x.
  static Tensor along(const Tensor& values, const Tensor& x) {
    std::vector<int64_t> dims(x.dim(), 1);
    dims[1] = values.size(0);
    return values.view(dims);
  }
};

}  // namespace

extern "C" {

// Joins the group. `listen`, if it is not -1, is the bound socket on which this rank keeps the store; the others,
// and all of them where a launcher keeps it, connect to host:port. Data goes through `address` or `interface`; both are
// empty for the one that the machine's name has.
char* netc_group_join(const char* host, uint16_t port, int listen, const char* prefix, int rank, int size,
                      const char* address, const char* interface, int64_t timeout_ms, netc_group** made) {
  return guarded([&] {
    c10d::TCPStoreOptions options;
    options.port = port;
    options.isServer = listen >= 0;
    if (listen >= 0) options.masterListenFd = listen;
    options.timeout = milliseconds(timeout_ms);
    options.waitWorkers = false;
    c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::TCPStore>(host, options);
    if (*prefix) store = c10::make_intrusive<c10d::PrefixStore>(prefix, store);
    auto gloo = c10d::ProcessGroupGloo::Options::create(milliseconds(timeout_ms));
    gloo->devices.push_back(*interface ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                            : *address ? c10d::ProcessGroupGloo::createDeviceForHostname(address)
                                       : c10d::ProcessGroupGloo::createDefaultDevice());
    auto group = c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, gloo);
    *made = new netc_group{store, group};
  });
}

void netc_group_free(netc_group* group) { delete group; }

// Replaces each tensor by its sum over the ranks.
char* netc_group_sum(netc_group* group, Tensor** tensors, int count) {
  return guarded([&] {
    std::vector<Tensor> list;
    for (int i = 0; i < count; i++) list.push_back(*tensors[i]);
    group->sum(list);
  });
}

// Begins to replace a tensor in host memory by its sum over the ranks, which holds the tensor until it is done.
char* netc_group_begin_sum(netc_group* group, Tensor* tensor, netc_sum** begun) {
  return guarded([&] {
    std::vector<Tensor> list{*tensor};
    *begun = new netc_sum{group->gloo->allreduce(list)};
  });
}

char* netc_sum_wait(netc_sum* sum) {
  return guarded([&] { sum->work->wait(); });
}

void netc_sum_free(netc_sum* sum) { delete sum; }

// Replaces each tensor by rank 0's.
char* netc_group_broadcast(netc_group* group, Tensor** tensors, int count) {
  return guarded([&] {
    for (int i = 0; i < count; i++) {
      std::vector<Tensor> list{*tensors[i]};
      group->gloo->broadcast(list)->wait();
    }
  });
}

// The result is a new tensor, which the caller owns.
char* netc_sync_batch_norm(netc_group* group, Tensor* x, Tensor* weight, Tensor* bias, Tensor* running_mean,
                           Tensor* running_var, double momentum, double eps, Tensor** result) {
  return guarded([&] {
    *result = new Tensor(SyncBatchNorm::apply(*x, *weight, *bias, *running_mean, *running_var, momentum, eps,
                                              reinterpret_cast<int64_t>(group)));
  });
}

}  // extern "C"
