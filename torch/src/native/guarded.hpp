// How the C++ files fail: a function gives nullptr, or a message that the caller frees. An exception
// may not pass through Rust.
#pragma once
#include <c10/util/Exception.h>

#include <cstdlib>
#include <cstring>

namespace {

// Runs what may throw.
template <typename F>
char *guarded(F &&work) {
    try {
        work();
        return nullptr;
    } catch (const c10::Error &error) {
        return strdup(error.what_without_backtrace());
    } catch (const std::exception &error) {
        return strdup(error.what());
    } catch (...) {
        return strdup("an exception that is none");
    }
}

}  // namespace
