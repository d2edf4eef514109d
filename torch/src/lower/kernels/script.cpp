// TorchScript modules from their source, which tch has no binding for.
#include <torch/csrc/jit/api/module.h>

#include <new>
#include <sstream>
#include <string>

#include "../../native/guarded.hpp"

extern "C" {

// Makes a module with the tensors below the paths `names` and the methods of `source`, and gives its archive with `facts` as its
// extra file netc.json: `length` bytes that the caller frees.
// Returns nullptr, or a message that the caller frees.
char *netc_script(const char *name, const char *source, const char *const *names, const bool *trained,
                  const at::Tensor *const *tensors, size_t count, const char *facts, char **bytes, size_t *length) {
    return guarded([&] {
        auto unit = std::make_shared<torch::jit::CompilationUnit>();
        auto module = [&](const std::string &type) {
            return torch::jit::Module(c10::QualifiedName("__torch__." + type), unit, true);
        };
        auto root = module(name);
        for (size_t i = 0; i < count; i++) {
            auto at = root;
            std::istringstream segments(names[i]);
            std::string segment, next;
            std::getline(segments, segment, '.');
            for (; std::getline(segments, next, '.'); segment = next) {
                if (!at.hasattr(segment)) at.register_module(segment, module("Part"));
                at = at.attr(segment).toModule();
            }
            if (trained[i])
                at.register_parameter(segment, *tensors[i], false);
            else
                at.register_buffer(segment, *tensors[i]);
        }
        root.define(source);
        std::ostringstream archive;
        root.save(archive, {{"netc.json", facts}});
        std::string text = archive.str();
        *bytes = static_cast<char *>(malloc(text.size()));
        if (!*bytes) throw std::bad_alloc();
        memcpy(*bytes, text.data(), text.size());
        *length = text.size();
    });
}
}
