#pragma once
// Only what the declarations of libtorch's ProcessGroupGloo.hpp name. Gloo itself is inside libtorch_cpu, whose
// wheel comes without its headers. No object of these types is made or looked into here.
#include <chrono>

namespace gloo {
class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};
}  // namespace gloo
