// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/symbol_path.h"
#include "breakpad/breakpad.h"
#include "image/image.h"
#include "snapshot/snapshot.h"

/// Finds the images and symbol files of a captured process's modules, and names their functions.
///
/// An image comes from the dump itself where its memory is there, and from a file otherwise; of a
/// file only when timestamp and size say that it is the one that was loaded. A symbol file is a PDB
/// or a Breakpad `.sym` whose identity is the one that the module names. Names come from symbol
/// files, and from export tables where there are none; those are not given to code that an export
/// does not reach. Nothing here uses the network: module paths come from hostile dumps, and only
/// paths on a local drive are followed. One thread at a time.
namespace vigil::symbols {

class ImageFinder;  // private to this module
class SymbolFile;   // private to this module
struct SymbolName;  // private to this module

/// Where files of images and symbols may be.
struct SymbolPaths {
  /// Each holds files by name, or is a symbol store (`name/id/name`, two or three tiers) or
  /// Breakpad's kind of one (`name.pdb/ID/name.sym`). Upper and lower case are the same.
  std::vector<std::filesystem::path> folders{};
  /// The module's own path, first. On Windows only: elsewhere its paths mean nothing.
  bool module_paths = true;
  /// Where indexes of `.sym` files are kept, so that the next run need not read the whole text.
  /// Created when needed; empty, or not writable: none are kept.
  std::filesystem::path index_cache{};
};

using vigil::parse_symbol_path;
using vigil::SymbolPathElement;

/// Whether \p name can be one file's name on any system, and no way out of a folder.
[[nodiscard]] bool is_plain_file_name(std::string_view name);

/// How symbol stores name what they have of `orders.pdb`: compressed `orders.pd_`, as Breakpad's
/// text `orders.sym`. \p name is not empty.
[[nodiscard]] std::string compressed_file_name(std::string_view name);
[[nodiscard]] std::string sym_file_name(std::string_view name);

/// The folders, what they hold, and the symbol files that were opened: what analyses of many dumps
/// share. It outlives them.
class Library {
 public:
  /// Of one dump; the rest is left out. Between dumps those of earlier ones are closed when there
  /// are more.
  static constexpr std::size_t kMaxOpenFiles = 4096;

  explicit Library(SymbolPaths paths);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  /// What making the indexes of `.sym` files has taken so far: it is spent once for each file.
  [[nodiscard]] std::chrono::nanoseconds indexing_time() const noexcept;

 private:
  friend class ModuleImages;
  friend class SymbolFiles;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

enum class ImageOrigin : std::uint8_t {
  None,  ///< Nobody has the image.
  Dump,  ///< The dump has its headers; what else it lacks may come from a file.
  File,
};

/// What is known of one module's image, for reports.
struct ImageState {
  ImageOrigin origin = ImageOrigin::None;
  std::filesystem::path file;  ///< The file in use; empty: none was needed or found.
  /// Files that were found and refused, with the reason: `C:\app\a.dll is another build: …`.
  std::vector<std::string> refused;
};

/// The images of a snapshot's modules, each opened when first asked for. It keeps references to
/// modules and memory.
///
/// A hostile dump has one image at a thousand addresses: once the images that are open have
/// kMaxSections sections in all, no further one is opened.
class ModuleImages final : public image::ImageSource {
 public:
  /// Five thousand modules have some fifty thousand.
  static constexpr std::size_t kMaxSections = 131'072;

  ModuleImages(const std::vector<snapshot::Module>& modules,
               snapshot::Memory& memory,
               Library& library);
  ~ModuleImages() override;

  [[nodiscard]] const image::PeImage* image(std::size_t index) override;
  /// Of what image() has been asked for so far.
  [[nodiscard]] const ImageState& state(std::size_t index) const;
  /// How many images were not opened because of kMaxSections.
  [[nodiscard]] std::size_t left_out() const noexcept;

 private:
  class Slot;
  struct Budget;
  std::unique_ptr<ImageFinder> finder_;
  std::unique_ptr<Budget> budget_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

/// Where a name comes from.
enum class SymbolSource : std::uint8_t { Exports, Sym, Pdb };

/// `exports`, `sym`, `pdb`: the names of the report's JSON.
[[nodiscard]] std::string_view to_string(SymbolSource source) noexcept;

/// A function, and the line that is executed in it.
struct Place {
  std::string function{};  ///< For people: `orders::Cart::total`.
  std::string file{};      ///< As the compiler was told; empty: unknown.
  std::uint32_t line = 0;  ///< 0: unknown.
  friend bool operator==(const Place&, const Place&) = default;
};

struct Symbol {
  Place place{};                 ///< The function that really is there.
  std::vector<Place> inlined{};  ///< The calls that were inlined into it, innermost first.
  std::string decorated{};       ///< As the image has it; empty: it has not.
  std::uint64_t offset = 0;      ///< Of the address, from the function's start.
  SymbolSource source = SymbolSource::Exports;
  /// It is said how far the function reaches. Without, it may be another one behind it.
  bool certain = false;
};

/// What is known of one module's symbols, for reports.
struct SymbolState {
  std::optional<SymbolSource> source{};  ///< Of the file; none was found: empty.
  std::filesystem::path file{};
  /// Files that were found and refused, with the reason.
  std::vector<std::string> refused{};
  /// The PDB that the module's image names, where the dump names none; without its folder.
  std::string debug_file{};
  std::string debug_id{};
};

/// Where a structure has a member.
struct FieldPlace {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  ///< Bytes; 0: not known.
};

/// The symbol files of a snapshot's modules, each opened when first asked for, and how they say
/// that frames are unwound. It keeps references to modules, library and images, and is the only one
/// of the library while it lives.
class SymbolFiles final : public breakpad::FrameRuleSource {
 public:
  /// With \p images a module's own image says what its PDB is when the dump does not.
  SymbolFiles(const std::vector<snapshot::Module>& modules,
              Library& library,
              image::ImageSource* images = nullptr);
  ~SymbolFiles() override;

  /// What the file of module \p index says of \p rva.
  [[nodiscard]] std::optional<Symbol> locate(std::size_t index, std::uint32_t rva);
  /// Whether module \p index has a PDB of its very build, by GUID and age: the next three are asked
  /// of that alone.
  [[nodiscard]] bool describes_types(std::size_t index);
  /// Where the global datum or public symbol \p name is, from the start of the module.
  [[nodiscard]] std::optional<std::uint32_t> find_global(std::size_t index, std::string_view name);
  /// The member of the structure \p type at \p path, as `Vp.PagingFile[2]`.
  [[nodiscard]] std::optional<FieldPlace> find_field(std::size_t index,
                                                     std::string_view type,
                                                     std::string_view path);
  [[nodiscard]] std::optional<std::uint64_t> type_size(std::size_t index, std::string_view type);
  /// Of what locate() or the rules have been asked for so far.
  [[nodiscard]] const SymbolState& state(std::size_t index) const;
  /// What of the module's files turned out to be damaged, with their names: names and lines of it
  /// may be missing, or those of a neighbour.
  [[nodiscard]] std::vector<std::string> losses(std::size_t index) const;

  [[nodiscard]] std::optional<breakpad::CfiRules> cfi_rules(std::size_t index,
                                                            std::uint32_t rva) override;
  [[nodiscard]] std::optional<breakpad::WinFrame> win_frame(std::size_t index,
                                                            std::uint32_t rva) override;

 private:
  struct Slot;
  [[nodiscard]] const SymbolName& name(std::size_t index);
  [[nodiscard]] SymbolFile* pdb(std::size_t index);
  [[nodiscard]] SymbolFile* sym(std::size_t index);

  const std::vector<snapshot::Module>& modules_;
  Library& library_;
  image::ImageSource* images_;
  std::vector<Slot> slots_;  // by module
};

/// Names code by module and offset: by symbol files, then by exports. It keeps references to images
/// and files.
///
/// Export tables stay in memory, by module. Once they have the given number of entries in all, no
/// further one is read.
class Symbolizer {
 public:
  /// The modules of a large process have some hundred thousand functions and names. An entry takes
  /// 16 bytes.
  static constexpr std::size_t kDefaultMaxEntries = std::size_t{1} << 20;

  explicit Symbolizer(image::ImageSource& images,
                      SymbolFiles* files = nullptr,
                      std::size_t max_entries = kDefaultMaxEntries)
      : images_(images), files_(files), entries_left_(max_entries) {}

  /// The function at \p offset from the start of module \p module. None when nothing is known to
  /// reach there.
  [[nodiscard]] std::optional<Symbol> name(std::size_t module, std::uint64_t offset);

  /// The modules whose exports were asked for and not read because of the limit, in that order.
  [[nodiscard]] const std::vector<std::size_t>& left_out() const noexcept { return left_out_; }

 private:
  [[nodiscard]] std::optional<Symbol> name_by_exports(std::size_t module, std::uint64_t offset);
  [[nodiscard]] const image::ExportTable* exports(std::size_t module, const image::PeImage& image);
  [[nodiscard]] Result<image::ExportTable> read(std::size_t module, const image::PeImage& image);

  image::ImageSource& images_;
  SymbolFiles* files_;
  std::size_t entries_left_;
  std::vector<std::size_t> left_out_;
  std::vector<std::optional<Result<image::ExportTable>>> exports_;  // by module, read when needed
};

}  // namespace vigil::symbols
