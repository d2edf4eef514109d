// The activations by themselves.
#include "activation.hpp"

template <class A>
static void check(const Applied& exact) {
  const A found(exact.kind, exact.parameter);
  Check values{"activation", "value" + exact.text()}, slopes{"activation", "slope" + exact.text()};
  for (int i = -40000; i <= 40000; i++) {
    // Also close to 0, and close to the bounds.
    for (float x : {i / 2000.0f, i * 1e-6f, 1.5f + i * 1e-6f}) {
      values.add(found(x), exact.value(x), 2.5e-7 * std::fabs(x) + 2.5e-7 * exact.curved() + 1e-30);
      slopes.add(found.backward(-3, x), -3 * exact.slope(x), exact.curved() ? 4e-6 : 1e-30);
      if (std::fabs(x) > 0.02 || exact.kind == SIGMOID) continue;
      // Small numbers keep their digits.
      values.add(found(x), exact.value(x), 4e-6 * std::fabs(exact.value(x)) + 1e-30);
    }
  }
  for (float x : {-1e3f, 1e3f, -3e38f, 3e38f}) {
    values.add(found(x), exact.value(x), 1e-30 + 2e-7 * std::fabs(exact.value(x)));
    slopes.add(found.backward(-3, x), -3 * exact.slope(x), 1e-30);
  }
  demand(std::isnan(found(NAN)), "a NaN is lost:" + exact.text());
}

int main() {
  return run_tests([] {
    for (const Applied& exact : applied) {
      if (exact.curved()) {
        check<Curve>(exact);
      } else {
        check<Clamp>(exact);
      }
    }
  });
}
