// The host's conversions against the compiler's.
#include "check.hpp"

static void check_from_f16() {
  Check check{"from_f16", "all"};
  for (unsigned number = 0; number < 65536; number++) {
    const _Float16 exact = emulator::bits<_Float16>(static_cast<Bits>(number));
    check.add(F16::widen(number), static_cast<float>(exact), 1e-30);
    if (std::isnan(static_cast<float>(exact))) continue;
    demand(F16::narrow(F16::widen(number)) == number, "to_f16(from_f16(x)) is not x");
  }
}

static void check_to_f16() {
  Check check{"to_f16", "random"};
  for (unsigned i = 0; i < (quick ? 100000 : 4000000); i++) {
    const unsigned random = generator();
    // Half of them near the ends of what fp16 holds.
    const auto number =
        emulator::bits<float>(i % 2 ? random : (random & 0x87ffffffu) | 0x38000000u);
    if (number != number) continue;
    const auto exact = emulator::bits<Bits>(static_cast<_Float16>(number));
    check.add(F16::narrow(number), exact, 1e-30);
  }
}

// To the nearest: of two equally near ones to the even one, which ends in a 0 bit.
static void check_to_b16() {
  Check check{"to_b16", "random"};
  for (unsigned i = 0; i < (quick ? 100000 : 4000000); i++) {
    const unsigned random = i % 2 ? unsigned(generator()) : unsigned(generator()) & 0xffff8000u;
    const auto number = emulator::bits<float>(random);
    const float below = B16::widen(random >> 16), above = B16::widen((random >> 16) + 1);
    if (number != number || std::isinf(below) || std::isinf(above)) continue;
    const double down = std::fabs(double(number) - below), up = std::fabs(double(above) - number);
    const bool is_up = up < down || (up == down && (random >> 16) % 2 == 1);
    check.add(B16::narrow(number), (random >> 16) + is_up, 1e-30);
  }
}

int main() {
  return run_tests([] {
    check_from_f16();
    check_to_f16();
    check_to_b16();
  });
}
