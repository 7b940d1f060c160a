// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"
#include "snapshot/snapshot.h"

/// Finds the images of a captured process's modules, and names their functions.
///
/// An image comes from the dump itself where its memory is there, and from a file otherwise; of a
/// file only when timestamp and size say that it is the one that was loaded. Nothing here uses the
/// network: module paths come from hostile dumps, and only paths on a local drive are followed.
/// Names come from export tables, and are not given to code that an export does not reach. One
/// thread at a time.
namespace vigil::symbols {

class ImageFinder;  // private to this module

/// Where files of images may be.
struct ImagePaths {
  /// Each either holds the files by name or is a symbol store (`name/TIMESTAMPsize/name`). Upper
  /// and lower case are the same.
  std::vector<std::filesystem::path> folders;
  /// The module's own path, first. On Windows only: elsewhere its paths mean nothing.
  bool module_paths = true;
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
               ImagePaths paths);
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

/// Where a name comes from. PDB and Breakpad files will come before exports.
enum class SymbolSource : std::uint8_t { Exports };

/// `exports`: the name of the report's JSON.
[[nodiscard]] std::string_view to_string(SymbolSource source) noexcept;

struct Symbol {
  std::string name;          ///< For people: `orders::Cart::total`.
  std::string decorated;     ///< As the image has it.
  std::uint64_t offset = 0;  ///< Of the address, from the symbol.
  SymbolSource source = SymbolSource::Exports;
  /// The unwind tables say that the function reaches this far. Without, it may be another one
  /// behind it.
  bool certain = false;
};

/// Names code by module and offset. It keeps a reference to the images.
///
/// Export tables stay in memory, by module. Once they have the given number of entries in all, no
/// further one is read.
class Symbolizer {
 public:
  /// The modules of a large process have some hundred thousand functions and names. An entry takes
  /// 16 bytes.
  static constexpr std::size_t kDefaultMaxEntries = std::size_t{1} << 20;

  explicit Symbolizer(image::ImageSource& images, std::size_t max_entries = kDefaultMaxEntries)
      : images_(images), entries_left_(max_entries) {}

  /// The function at \p offset from the start of module \p module, which its image must hold. None
  /// when nothing is known to reach there.
  [[nodiscard]] std::optional<Symbol> name(std::size_t module, std::uint64_t offset);

  /// The modules whose exports were asked for and not read because of the limit, in that order.
  [[nodiscard]] const std::vector<std::size_t>& left_out() const noexcept { return left_out_; }

 private:
  [[nodiscard]] const image::ExportTable* exports(std::size_t module, const image::PeImage& image);
  [[nodiscard]] Result<image::ExportTable> read(std::size_t module, const image::PeImage& image);

  image::ImageSource& images_;
  std::size_t entries_left_;
  std::vector<std::size_t> left_out_;
  std::vector<std::optional<Result<image::ExportTable>>> exports_;  // by module, read when needed
};

/// The qualified name in a decorated one, without parameters: `ns::Class::method` of
/// `?method@Class@ns@@QEAAXH@Z` and of `_ZN2ns5Class6methodEi`, `f` of `_f@12`. Names that need
/// more than that (templates, operators) come back as they are. Linear in the name's length.
[[nodiscard]] std::string undecorate(std::string_view name);

}  // namespace vigil::symbols
