#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

// Numbers that end at the end of a page behind which, as before the first page, any access is a
// fault; NaN at first. The start is aligned to 16 bytes.
template <class E>
class Buffer {
  unsigned char* pages;
  size_t mapped, count, page;
  E* start;

 public:
  explicit Buffer(size_t count) : count(count), page(sysconf(_SC_PAGESIZE)) {
    const size_t bytes = (count * sizeof(E) + 15) / 16 * 16;
    mapped = (bytes + page - 1) / page * page + 2 * page;
    void* map = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) std::abort();
    pages = static_cast<unsigned char*>(map);
    mprotect(pages, page, PROT_NONE);
    mprotect(pages + mapped - page, page, PROT_NONE);
    start = reinterpret_cast<E*>(pages + mapped - page - bytes);
    std::memset(pages + page, 0xff, mapped - 2 * page);
  }
  Buffer(size_t count, E with) : Buffer(count) { std::fill_n(start, count, with); }
  Buffer(const std::vector<E>& of) : Buffer(of.size()) { std::copy(of.begin(), of.end(), start); }
  Buffer(const Buffer& of) : Buffer(of.count) { std::memcpy(start, of.start, count * sizeof(E)); }
  Buffer& operator=(const Buffer& of) {
    if (count != of.count) std::abort();
    std::memcpy(start, of.start, count * sizeof(E));
    return *this;
  }
  ~Buffer() {
    const auto touched = [](unsigned char byte) { return byte != 0xff; };
    if (std::any_of(pages + page, reinterpret_cast<unsigned char*>(start), touched) ||
        std::any_of(reinterpret_cast<unsigned char*>(start + count), pages + mapped - page,
                    touched)) {
      std::printf("FAILED: written beyond a buffer of %zu numbers\n", count);
      std::fflush(stdout);
      std::_Exit(1);
    }
    munmap(pages, mapped);
  }
  E* data() { return start; }
  const E* data() const { return start; }
  size_t size() const { return count; }
  E* begin() { return start; }
  E* end() { return start + count; }
  E& operator[](size_t i) { return start[i]; }
  const E& operator[](size_t i) const { return start[i]; }
  bool operator==(const Buffer& other) const {
    return std::memcmp(start, other.start, count * sizeof(E)) == 0;
  }
};
