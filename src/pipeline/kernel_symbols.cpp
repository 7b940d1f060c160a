// SPDX-License-Identifier: Apache-2.0
#include "pipeline/kernel_symbols.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::pipeline {
namespace {

class PdbOfKernel final : public kerneldump::KernelSymbols {
 public:
  PdbOfKernel(const snapshot::Module& kernel, snapshot::Memory& memory, symbols::Library& library)
      : modules_{kernel}, images_(modules_, memory, library), files_(modules_, library, &images_) {}

  /// Whether there is one that is exact.
  [[nodiscard]] bool is_there(Diagnostics& diagnostics) {
    if (files_.describes_types(kKernel)) return true;
    const auto& state = files_.state(kKernel);
    if (state.source == symbols::SymbolSource::Pdb) {
      diagnostics.note(
          fmt::format("{}: its age is not the one that the kernel names, so that its "
                      "types are not used",
                      utf8_from_path(state.file)));
    }
    return false;
  }

  [[nodiscard]] std::string name() const override {
    return utf8_from_path(files_.state(kKernel).file.filename());
  }
  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::string_view name) override {
    return files_.find_global(kKernel, name);
  }
  [[nodiscard]] std::optional<Field> field(std::string_view type, std::string_view path) override {
    const auto place = files_.find_field(kKernel, type, path);
    return place ? std::optional(Field{place->offset, place->size}) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::uint64_t> size_of(std::string_view type) override {
    return files_.type_size(kKernel, type);
  }

 private:
  static constexpr std::size_t kKernel = 0;  // the one module
  std::vector<snapshot::Module> modules_;
  symbols::ModuleImages images_;
  symbols::SymbolFiles files_;
};

}  // namespace

kerneldump::FindKernelSymbols find_kernel_symbols(symbols::Library& library) {
  return [&library](const snapshot::Module& kernel, snapshot::Memory& memory,
                    Diagnostics& diagnostics) -> std::unique_ptr<kerneldump::KernelSymbols> {
    auto found = std::make_unique<PdbOfKernel>(kernel, memory, library);
    if (!found->is_there(diagnostics)) return nullptr;
    return found;
  };
}

}  // namespace vigil::pipeline
