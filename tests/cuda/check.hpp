// What the tests share: the record of errors, and random numbers. With QUICK defined a test takes
// one number format, one seed and small shapes, and its first failure ends it.
#pragma once
#include <deque>
#include <map>
#include <random>
#include <string>

#include "buffer.hpp"
#include "kernels.hpp"

using emulator::launch;

#ifdef QUICK
constexpr bool quick = true;
#else
constexpr bool quick = false;
#endif
inline bool failed = false;
inline std::mt19937 generator(1);

inline unsigned seeds() { return quick ? 1 : 3; }

struct Record {
  double worst = 0, absolute = 0;
  long numbers = 0, cases = 0;
  std::string where;
};
inline std::map<std::string, Record> records;

inline void failure(const std::string& what) {
  failed = true;
  std::printf("FAILED %s\n", what.c_str());
  std::fflush(stdout);
  if (quick) std::_Exit(1);
}

inline void demand(bool holds, const std::string& what) {
  if (!holds) failure(what);
}

// The numbers of one case of a kernel, with each error as a part of what is allowed.
struct Check {
  std::string kernel, where;
  double worst = 0, absolute = 0;
  long numbers = 0;

  void add(double got, double expected, double allowed) {
    const double error = std::fabs(got - expected);
    const bool same = got == expected || (std::isnan(got) && std::isnan(expected));
    double part = same ? 0 : error / allowed;
    if (std::isnan(part)) part = 1e30;
    worst = std::max(worst, part);
    if (!std::isnan(error)) absolute = std::max(absolute, error);
    numbers++;
  }
  ~Check() {
    Record& record = records[kernel];
    if (worst > record.worst) {
      record.worst = worst;
      record.where = where;
    }
    record.absolute = std::max(record.absolute, absolute);
    record.numbers += numbers;
    record.cases++;
    char part[32];
    std::snprintf(part, sizeof(part), "%.3g", worst);
    if (worst > 1) failure(kernel + ", " + where + ": " + part + " of the allowed error");
  }
};

// `unit`: half the distance of neighbours at 1; `least`: that of the smallest numbers, or a little;
// `slack`: what arithmetic in fp32 may be off of the size of its terms.
template <class T>
struct Format;
template <>
struct Format<F16> {
  static constexpr const char* name = "f16";
  static constexpr double slack = 4e-6;
  static constexpr double unit = 0x1p-11, least = 0x1p-24;
};
template <>
struct Format<B16> {
  static constexpr const char* name = "b16";
  static constexpr double slack = 4e-6;
  static constexpr double unit = 0x1p-8, least = 1e-30;
};
template <>
struct Format<F32> {
  static constexpr const char* name = "f32";
  static constexpr double slack = 3e-7;
  static constexpr double unit = 0x1p-24, least = 1e-30;
};

// What a result of this format may be off that is a sum of terms which are so large together.
template <class T>
double allowed(double expected, double terms) {
  return Format<T>::unit * std::fabs(expected) * 1.0001 + Format<T>::slack * terms +
         Format<T>::least;
}

inline float normal() { return std::normal_distribution<float>()(generator); }
inline unsigned below(unsigned end) { return generator() % end; }

enum Kind { NORMAL, TIES, FAR };  // normal, many equal ones, a mean far from 0

template <class T>
Buffer<typename T::Element> random_numbers(size_t count, Kind kind = NORMAL) {
  Buffer<typename T::Element> buffer(count);
  for (auto& element : buffer) {
    const float number = normal();
    element = T::narrow(kind == NORMAL ? number
                        : kind == TIES ? std::round(number * 2) / 2
                                       : 30 + number / 2);
  }
  return buffer;
}

inline Buffer<float> random_floats(size_t count) {
  Buffer<float> buffer(count);
  for (float& element : buffer) element = normal();
  return buffer;
}

struct Shape {
  unsigned images, channels, height, width;
  std::string text() const {
    return std::to_string(images) + "x" + std::to_string(channels) + "x" + std::to_string(height) +
           "x" + std::to_string(width);
  }
};

// Calls test(shape, V, kind) for shapes with and without a rest of channels, lanes and pixels: fp16
// for all, the other formats for each fourth.
template <class T, unsigned WIDE, class F>
void for_shapes(F test) {
  const unsigned every = std::is_same_v<T, F16> ? 1 : 4;
  unsigned number = 0;
  for (unsigned images : {1u, 3u, 17u}) {
    for (unsigned channels : {3u, 8u, 10u, 64u, 72u}) {
      for (auto [height, width] : {std::pair(1u, 1u), {2u, 2u}, {5u, 7u}, {8u, 8u}, {32u, 32u}}) {
        if (height == 32 && images * channels > (quick ? 24 : 200)) continue;
        for (unsigned v : {WIDE, 1u}) {
          if (channels % v != 0 || number % every != 0) continue;
          test(Shape{images, channels, height, width}, v, Kind(number % 3));
        }
        number++;
      }
    }
  }
  test(Shape{3, 512, 4, 4}, WIDE, NORMAL);
}

// Runs the tests and prints a line for each kernel.
inline int run_tests(void (*tests)()) {
  tests();
  for (const auto& [name, r] : records) {
    std::printf("%-28s %6ld %10ld %12.3g %11.3f  %s\n", name.c_str(), r.cases, r.numbers,
                r.absolute, r.worst, r.where.c_str());
  }
  return failed;
}
