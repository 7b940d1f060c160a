// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_source.h"
#include "base/byte_view.h"
#include "base/result.h"

/// PE images: headers, sections, exports, unwind tables, the CodeView record and the file version;
/// of a file on disk and of a module as the loader laid it out in memory alike. Every byte is
/// hostile: what does not fit is absent, counts have limits, and nothing recurses.
///
/// Inside this module an RVA is an offset from the image's base. A PeImage keeps a pointer to the
/// bytes that somebody else owns and reads them when asked; like its ByteSource it serves one
/// thread at a time.
namespace vigil::image {

/// How the bytes of an image are laid out.
enum class Layout : std::uint8_t {
  File,    ///< As on disk: sections at their file offsets.
  Mapped,  ///< As in memory: offset and RVA are the same.
};

/// IMAGE_FILE_MACHINE_* of the processors whose code can be unwound; any other number passes
/// through.
enum class Machine : std::uint16_t { Unknown = 0, X86 = 0x14c, Amd64 = 0x8664, Arm64 = 0xaa64 };

struct Header {
  Machine machine = Machine::Unknown;
  std::uint32_t timestamp = 0;
  std::uint32_t size_of_image = 0;
  std::uint32_t size_of_headers = 0;
  std::uint32_t checksum = 0;
  std::uint32_t entry_point = 0;  ///< An RVA; 0: none.
  std::uint64_t preferred_base = 0;
  bool dll = false;
};

struct Section {
  std::string name;  ///< At most 8 characters, as they are.
  std::uint32_t rva = 0;
  std::uint32_t size = 0;  ///< In memory.
  std::uint32_t file_offset = 0;
  std::uint32_t file_size = 0;  ///< What of it is in the file; the rest is zero in memory.
  bool executable = false;
};

/// One entry of an x64 exception directory. All three are RVAs; indirection is already followed.
struct RuntimeFunction {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t unwind_info = 0;
  friend bool operator==(const RuntimeFunction&, const RuntimeFunction&) = default;
};

/// Windows follows as many entries of a chain.
inline constexpr int kMaxChainedFunctions = 32;

/// One entry of an ARM64 exception directory: where a function begins, and either its packed unwind
/// data or the RVA of its unwind record, by the lowest two bits.
struct Arm64Function {
  std::uint32_t begin = 0;
  std::uint32_t unwind_data = 0;
};

/// The entries of the data directory that are read here.
enum class Directory : std::uint8_t { Exports = 0, Resources = 2, Exceptions = 3, Debug = 6 };

struct DirectoryRange {
  std::uint32_t rva = 0;
  std::uint32_t size = 0;  ///< 0: the image has none.
};

class PeImage {
 public:
  /// Reads headers and section table. \p bytes must outlive the image. Errc::Malformed when it is
  /// no PE image, Errc::Truncated when the headers are cut off.
  [[nodiscard]] static Result<PeImage> open(ByteSource& bytes, Layout layout);

  /// Code that was made at run time, between two RVAs, with the entries of an exception directory
  /// that were registered for it. It has no headers and exports nothing. \p bytes must outlive the
  /// image, as must \p functions, which are sorted.
  [[nodiscard]] static PeImage generated(ByteSource& bytes,
                                         Machine machine,
                                         std::uint32_t begin,
                                         std::uint32_t end,
                                         ByteView functions);

  [[nodiscard]] const Header& header() const noexcept { return header_; }
  [[nodiscard]] const std::vector<Section>& sections() const noexcept { return sections_; }
  [[nodiscard]] DirectoryRange directory(Directory entry) const noexcept {
    return directories_[static_cast<std::size_t>(entry)];
  }

  /// The \p size bytes at \p rva, or fewer where the image ends, or none. In File layout the bytes
  /// past a section's file part are absent, not zero.
  [[nodiscard]] ByteView at(std::uint64_t rva, std::uint64_t size) const;

  /// The characters from \p rva to a NUL; nullopt when there is none within \p limit characters.
  [[nodiscard]] std::optional<std::string> string_at(std::uint64_t rva, std::uint64_t limit) const;
  /// The same, or the first \p limit characters where it is longer.
  [[nodiscard]] std::optional<std::string> prefix_at(std::uint64_t rva, std::uint64_t limit) const;

  /// A binary search. Sections overlap in hostile images only; there the one that begins first
  /// stands, and one that begins inside of it is not found.
  [[nodiscard]] const Section* find_section(std::uint64_t rva) const noexcept;
  [[nodiscard]] bool is_code(std::uint64_t rva) const noexcept;

  /// The entry of the x64 exception directory that covers \p rva: a binary search in place. None
  /// for a leaf function, another machine, or a directory that is not there.
  [[nodiscard]] std::optional<RuntimeFunction> find_function(std::uint64_t rva) const;
  /// The last entry that begins at or below \p rva, whether it reaches that far or not.
  [[nodiscard]] std::optional<RuntimeFunction> nearest_function(std::uint64_t rva) const;
  /// The entry that the UNWIND_INFO at \p unwind_info is chained to: part of a function leads to
  /// the function so. None when it is not chained, or not there.
  [[nodiscard]] std::optional<RuntimeFunction> chained_function(std::uint32_t unwind_info) const;
  /// The entry at the end of \p function's chain: where the function begins. Damage ends the chain.
  [[nodiscard]] RuntimeFunction primary_function(const RuntimeFunction& function) const;
  /// The same as nearest_function() for ARM64, whose entries do not say by themselves how far they
  /// reach.
  [[nodiscard]] std::optional<Arm64Function> nearest_arm64_function(std::uint64_t rva) const;
  /// Whether the whole exception directory is there to be searched.
  [[nodiscard]] bool has_unwind_table() const noexcept { return !unwind_table_.empty(); }

 private:
  PeImage(ByteSource& bytes, Layout layout) : bytes_(&bytes), layout_(layout) {}
  [[nodiscard]] Status read_headers();
  [[nodiscard]] Status read_optional_header(std::uint64_t offset, std::uint64_t end);
  [[nodiscard]] Status read_directories(std::uint64_t offset, std::uint64_t end);
  [[nodiscard]] Status read_sections(std::uint64_t offset, std::uint32_t count);
  void index_sections();
  template <Raw Entry>
  [[nodiscard]] std::optional<Entry> last_entry_from(std::uint64_t rva) const;

  static constexpr std::size_t kDirectories = 16;
  ByteSource* bytes_;
  Layout layout_;
  Header header_;
  std::vector<Section> sections_;              // in file order
  std::vector<std::uint16_t> section_by_rva_;  // of the sections, disjoint
  std::array<DirectoryRange, kDirectories> directories_{};
  ByteView unwind_table_;
};

/// What a symbol store is asked for to find the PDB of an image.
struct CodeView {
  std::string
      debug_id;  ///< GUID in 32 hex digits, then the age; for NB10 records timestamp and age.
  std::string debug_file;  ///< The PDB's path as the linker wrote it.
};

/// The first CodeView record of the debug directory.
[[nodiscard]] std::optional<CodeView> read_codeview(const PeImage& image);

/// Whether the image was linked to be reproducible, so that its header's time stamp is a hash: by
/// the debug directory. None: the image has none, or not all of it is there.
[[nodiscard]] std::optional<bool> is_reproducible(const PeImage& image);

/// The fixed file version of the version resource: `10.0.20348.1`.
[[nodiscard]] std::optional<std::string> read_file_version(const PeImage& image);
/// `Microsoft Corporation`: the CompanyName of the version resource, in the first of its languages.
[[nodiscard]] std::optional<std::string> read_company(const PeImage& image);

struct Export {
  std::string name;  ///< As the image has it, decorated or not; empty: exported by number only.
  std::string forwarder;  ///< `NTDLL.RtlAllocateHeap`; empty: it is in this image.
  std::uint32_t ordinal = 0;
  std::uint32_t rva = 0;
};

/// How many functions and names the export directory of \p image claims: what reading them costs.
/// The errors are those of ExportTable::read().
[[nodiscard]] Result<std::size_t> count_exports(const PeImage& image);

/// What an image exports, by address. Names are read from the image when asked for, so a hostile
/// table costs 16 bytes an entry. It keeps a pointer to the image.
class ExportTable {
 public:
  /// Errc::NotFound for an image without exports; Errc::Truncated, Errc::LimitExceeded. \p image
  /// must outlive the table. Names that are not there cost the name, not the export.
  [[nodiscard]] static Result<ExportTable> read(const PeImage& image);

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// Export number \p index by address, then ordinal; forwarders come first, since their RVA is 0
  /// here.
  [[nodiscard]] Export at(std::size_t index) const;
  /// The code export at or closest below \p rva; of several at one address the named one that sorts
  /// first. Whether the function reaches as far as \p rva is for the caller to find out.
  [[nodiscard]] std::optional<Export> nearest_code(std::uint64_t rva) const;

 private:
  struct Entry {
    std::uint32_t rva = 0;
    std::uint32_t name_rva = 0;  // 0: no name
    std::uint32_t index = 0;     // in the table of functions
  };
  explicit ExportTable(const PeImage& image) : image_(&image) {}
  void index_code();

  const PeImage* image_;
  std::uint32_t ordinal_base_ = 0;
  std::vector<Entry> entries_;       // by address
  std::vector<std::uint32_t> code_;  // of the entries, the first at each address of code
};

/// The export called \p name: a binary search in place, as the loader does it.
[[nodiscard]] std::optional<Export> find_export(const PeImage& image, std::string_view name);

/// The images of a process's modules, by index in its module list.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  ImageSource(const ImageSource&) = delete;
  ImageSource& operator=(const ImageSource&) = delete;
  /// The image of module \p index, or null when nobody has it. It lives as long as this object.
  [[nodiscard]] virtual const PeImage* image(std::size_t index) = 0;

 protected:
  ImageSource() = default;
};

}  // namespace vigil::image
