// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_source.h"
#include "base/diagnostics.h"
#include "base/guid.h"
#include "base/result.h"

/// Program databases: which function, file and line an address of an image belongs to, through all
/// inlined calls; how to step out of a frame of x86 code; where a global is, and where in a
/// structure its members are.
///
/// Every byte is hostile. What does not fit is absent, counts are checked against the bytes there
/// and then a named limit, nothing recurses, and what is kept in memory is bounded by the size of
/// the file and by kMaxCachedBytes. A damaged part costs what was in it: without its module stream
/// a function still has its public name, and without publics the others still have theirs.
///
/// Nothing is read before it is needed. open() looks at the header, the directory and two small
/// streams; an address costs binary searches in place, and the symbols of the one module it lies
/// in, whose functions stay known for the next address. A name costs a look into the file's table
/// of names; where that is damaged, the records are read through once.
///
/// Names and paths are the bytes of the file, which need not be UTF-8.
///
/// Addresses are RVAs of the image as it runs; images that were rearranged after linking (OMAP) are
/// followed back to where the linker had put the code. A Pdb keeps a pointer to the file, which
/// must outlive it; like its ByteSource it serves one thread at a time.
namespace vigil::pdb {

/// What the tables of modules may take in memory before they are dropped and read again.
inline constexpr std::size_t kMaxCachedBytes = std::size_t{64} << 20;
/// Inlined calls inside of each other; deeper ones are left out, and noted.
inline constexpr std::size_t kMaxInlineDepth = 256;

/// Which build the file belongs to. An image names GUID and age in its CodeView record.
struct Identity {
  Guid guid{};
  std::uint32_t age = 0;        ///< The debug information's: what the image names.
  std::uint32_t signature = 0;  ///< When the file was begun, in seconds since 1970.
  friend bool operator==(const Identity&, const Identity&) = default;
};

/// What a symbol store is asked for: the GUID in 32 upper case hex digits, then the age in hex.
[[nodiscard]] std::string debug_id(const Identity& identity);

/// What kind of file this is.
struct Traits {
  std::uint16_t machine = 0;  ///< IMAGE_FILE_MACHINE_*.
  bool stripped = false;      ///< Public: functions by their public names only, no lines.
  bool fastlink = false;      ///< /DEBUG:FASTLINK: the rest is in the objects it was linked from.
  bool incremental = false;   ///< Linked incrementally: calls go through jumps.
  friend bool operator==(const Traits&, const Traits&) = default;
};

/// One call that was inlined, or the function itself.
struct Place {
  std::string function;    ///< Qualified, without parameters.
  std::string file;        ///< As the compiler wrote it; empty: not known.
  std::uint32_t line = 0;  ///< 0: not known, or code that no line made.
  friend bool operator==(const Place&, const Place&) = default;
};

struct Location {
  std::string function;    ///< As written where from a procedure, decorated where from a public.
  std::uint32_t rva = 0;   ///< Where the function begins.
  std::uint32_t size = 0;  ///< Of the function in bytes; 0: not known.
  bool is_public = false;
  /// The function reaches as far as the address. A public is only the nearest name below it, which
  /// may be another function's: it is certain where the piece of code that the linker placed is one
  /// function (COMDAT) and begins there. Its size is known then.
  bool certain = false;
  /// The innermost inlined call first; the last is the function itself, with the line of the call
  /// that was inlined into it. Never empty.
  std::vector<Place> places;
  friend bool operator==(const Location&, const Location&) = default;
};

/// How a frame of x86 code is laid out, from where the callee left it.
struct FrameData {
  enum class Kind : std::uint8_t { Fpo, Trap, Tss, Standard };

  std::uint32_t rva = 0;              ///< Where the code begins for which this holds.
  std::uint32_t size = 0;             ///< Of that code in bytes.
  std::uint32_t locals = 0;           ///< Bytes.
  std::uint32_t params = 0;           ///< Bytes that the caller pushed.
  std::uint32_t saved_registers = 0;  ///< Bytes.
  std::uint32_t prologue = 0;         ///< Bytes of code.
  std::uint32_t stack_max = 0;        ///< Bytes; 0: not known.
  /// Assignments in postfix notation: `$T0 $ebp = $eip $T0 4 + ^ = …`. Empty for the old records,
  /// which have the numbers only.
  std::string program;
  Kind kind = Kind::Fpo;           ///< Of the old records only.
  bool uses_base_pointer = false;  ///< Of the old records only: ebp is saved, for whatever use.
  bool has_seh = false;
  bool has_cpp_eh = false;
  bool is_function_start = false;
  friend bool operator==(const FrameData&, const FrameData&) = default;
};

/// A member of a structure or union, or one of a member's members.
struct Member {
  std::string name{};
  std::uint64_t offset = 0;  ///< From the start of what was asked for; of a bit field's unit.
  std::uint64_t size = 0;    ///< Of its type in bytes; of a bit field's unit; 0: not known.
  std::uint8_t bit_position = 0;
  std::uint8_t bit_count = 0;  ///< 0: no bit field.
  std::uint32_t type = 0;      ///< Its index in this file.
  bool is_base = false;        ///< A base class, by the class's name.
  friend bool operator==(const Member&, const Member&) = default;
};

/// A class, structure, interface or union as it is laid out.
struct TypeLayout {
  std::string name{};
  std::uint64_t size = 0;  ///< Bytes.
  /// In the file's order, without static ones. Members of unions without a name are members of what
  /// they are in, as compilers write them.
  std::vector<Member> members{};
  friend bool operator==(const TypeLayout&, const TypeLayout&) = default;
};

class Pdb {
 public:
  /// Reads what tells files apart. Errc::Unsupported for portable PDBs (of .NET) and for those of
  /// Visual C++ 6 and before, by name; Errc::Malformed for anything else that is no PDB and where
  /// the directory is damaged, Errc::Truncated where it is cut off.
  [[nodiscard]] static Result<Pdb> open(ByteSource& file);

  Pdb(Pdb&&) noexcept;
  Pdb& operator=(Pdb&&) noexcept;
  ~Pdb();

  [[nodiscard]] const Identity& identity() const noexcept;
  [[nodiscard]] const Traits& traits() const noexcept;

  /// What is at \p rva. For a return address ask for the byte before it. None outside of the
  /// image's sections, and where no function is known below.
  [[nodiscard]] std::optional<Location> locate(std::uint32_t rva);

  /// How the frame of the code at \p rva is laid out: from the frame data of the file, of the
  /// module, and the old records, in this order. None for machines other than x86.
  [[nodiscard]] std::optional<FrameData> frame_data(std::uint32_t rva);

  /// Where the public symbol or the global datum \p name is: its RVA. Of x86 the underscore in
  /// front of C names may be left out.
  [[nodiscard]] std::optional<std::uint32_t> find_name(std::string_view name);

  /// The class, structure or union that is called \p name and defined in this file.
  [[nodiscard]] std::optional<TypeLayout> find_type(std::string_view name);

  /// How large that is in bytes.
  [[nodiscard]] std::optional<std::uint64_t> type_size(std::string_view name);

  /// The member of \p type at \p path: `Vp.AvailablePages`, `PagingFile[2]`. Base classes are
  /// looked into; pointers are not followed. Its name is the last of the path.
  [[nodiscard]] std::optional<Member> find_member(std::string_view type, std::string_view path);

  /// What was lost so far.
  [[nodiscard]] const Diagnostics& diagnostics() const noexcept;

 private:
  class Reader;
  explicit Pdb(std::unique_ptr<Reader> reader);
  std::unique_ptr<Reader> reader_;
};

}  // namespace vigil::pdb
