#pragma once
#include "check.hpp"

// An activation with its parameter, in fp64; at its corners what is taken is the kernels' choice.
struct Applied {
  unsigned kind;
  float parameter;

  double value(double x) const {
    switch (kind) {
      case RELU:
        return parameter > 0 ? std::clamp<double>(x, 0, parameter) : std::max(x, 0.0);
      case GELU:
        return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
      case CELU:
        return x > 0 ? x : parameter * std::expm1(x / parameter);
      case SILU:
        return x / (1 + std::exp(-x));
      case SIGMOID:
        return 1 / (1 + std::exp(-x));
      default:
        return x;
    }
  }
  double slope(double x) const {
    const double part = 1 / (1 + std::exp(-x));
    switch (kind) {
      case RELU:
        return x > 0 && !(parameter > 0 && x >= parameter);
      case GELU:
        return 0.5 * std::erfc(-x / std::sqrt(2.0)) +
               x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
      case CELU:
        return x > 0 ? 1 : std::exp(x / parameter);
      case SILU:
        return part + x * part * (1 - part);
      case SIGMOID:
        return part * (1 - part);
      default:
        return 1;
    }
  }
  bool curved() const { return kind > RELU; }
  std::string text() const {
    const char* names[] = {"", " relu", " gelu", " celu", " silu", " sigmoid"};
    return names[kind] + (kind == RELU && parameter > 0 ? std::string(" bounded") : "");
  }
};

inline const std::vector<Applied> applied = {
    {NONE, 0},  {RELU, 0},    {RELU, 1.5f}, {GELU, 0}, {CELU, 1},
    {SILU, -1}, {CELU, 0.5f}, {SIGMOID, 0}, {NONE, 6},
};
