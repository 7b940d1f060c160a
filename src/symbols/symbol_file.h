// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "breakpad/breakpad.h"
#include "platform/platform.h"
#include "symbols/folders.h"
#include "symbols/symbols.h"

namespace vigil::symbols {

/// One open file with debug information, of either format.
class SymbolFile {
 public:
  virtual ~SymbolFile() = default;
  SymbolFile(const SymbolFile&) = delete;
  SymbolFile& operator=(const SymbolFile&) = delete;

  [[nodiscard]] virtual SymbolSource source() const noexcept = 0;
  [[nodiscard]] virtual std::optional<Symbol> locate(std::uint32_t rva) = 0;
  [[nodiscard]] virtual std::optional<breakpad::CfiRules> cfi_rules(std::uint32_t rva) = 0;
  [[nodiscard]] virtual std::optional<breakpad::WinFrame> win_frame(std::uint32_t rva) = 0;
  // What the file says of data and of structures; nothing unless it describes_types().
  /// Whether it is of the module's very build, by GUID and age: what is linked anew keeps the GUID,
  /// and may have moved a member.
  [[nodiscard]] virtual bool describes_types() const noexcept { return false; }
  [[nodiscard]] virtual std::optional<std::uint32_t> find_global(std::string_view /*name*/) {
    return std::nullopt;
  }
  [[nodiscard]] virtual std::optional<FieldPlace> find_field(std::string_view /*type*/,
                                                             std::string_view /*path*/) {
    return std::nullopt;
  }
  [[nodiscard]] virtual std::optional<std::uint64_t> type_size(std::string_view /*type*/) {
    return std::nullopt;
  }
  /// What of the file turned out to be damaged when something in it was asked for.
  [[nodiscard]] virtual std::vector<std::string> losses() const { return {}; }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 protected:
  explicit SymbolFile(std::filesystem::path path) : path_(std::move(path)) {}

 private:
  std::filesystem::path path_;
};

/// Where the indexes of `.sym` files are kept, and what making them has taken.
struct IndexCache {
  std::filesystem::path folder;  ///< Empty: they are not kept.
  std::chrono::nanoseconds spent{0};
};

/// The `.sym` at \p path when it is of \p debug_id. Its index comes from \p cache, which must
/// outlive it, and goes there. Errc::NotFound when there is no file; other errors name it.
[[nodiscard]] Result<std::unique_ptr<SymbolFile>> open_sym(const std::filesystem::path& path,
                                                           std::string_view debug_id,
                                                           IndexCache& cache);

/// The PDB at \p path when it is of \p debug_id. Errors as those of open_sym().
[[nodiscard]] Result<std::unique_ptr<SymbolFile>> open_pdb(const std::filesystem::path& path,
                                                           std::string_view debug_id);

/// What a module names its symbols by.
struct SymbolName {
  std::string debug_file;  ///< Without its folder.
  std::string debug_id;
  friend auto operator<=>(const SymbolName&, const SymbolName&) = default;
};

/// The PDB, or the `.sym`, of \p name in \p folders; null when there is none. What was found and is
/// not it goes to \p refused. A compressed PDB is unpacked into \p cache.
[[nodiscard]] std::unique_ptr<SymbolFile> find_pdb(Folders& folders,
                                                   const SymbolName& name,
                                                   const std::filesystem::path& cache,
                                                   std::vector<std::string>& refused);
[[nodiscard]] std::unique_ptr<SymbolFile> find_sym(Folders& folders,
                                                   const SymbolName& name,
                                                   IndexCache& cache,
                                                   std::vector<std::string>& refused);

}  // namespace vigil::symbols
