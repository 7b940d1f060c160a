// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_view.h"
#include "base/result.h"

/// Breakpad's symbol files (`.sym`), and the index that makes their second reading free.
///
/// A `.sym` is text, one record a line, of some hundred megabytes for a large program; most of it
/// is line numbers. build_index() goes over it once, at the speed of looking for line ends, and
/// notes where functions, unwind rules and names begin; SymFile then answers from the index, and
/// reads and parses only the lines it needs. The index may come from anywhere: every offset in it
/// is checked when used, and a wrong one costs an answer, no more.
///
/// Inside this module an address is an RVA: an offset from the module's base. Facts: Breakpad's
/// docs/symbol_files.md. No I/O but through TextSource; one thread at a time.
namespace vigil::breakpad {

/// What tells whether an index is of a text: the file it was made from.
struct Stamp {
  std::uint64_t size = 0;        ///< Of the text in bytes.
  std::int64_t modified_ns = 0;  ///< The file's time, in whatever epoch its system counts.
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// The MODULE record: `MODULE windows x86_64 5A9832E5287241C1838ED98914E9B7FF1 test_app.pdb`.
struct ModuleRecord {
  std::string_view os, cpu;
  std::string_view debug_id;    ///< 32 hex digits, then the age.
  std::string_view debug_file;  ///< Without its folder.
};
/// No MODULE record is longer: a file without line ends is not searched through for one.
inline constexpr std::size_t kMaxModuleLine = 4096;
/// The first line of \p text. Errc::Malformed when it is no MODULE record.
[[nodiscard]] Result<ModuleRecord> read_module_record(ByteView text);

/// The text of a symbol file, wherever it is kept.
class TextSource {
 public:
  virtual ~TextSource() = default;
  TextSource(const TextSource&) = delete;
  TextSource& operator=(const TextSource&) = delete;

  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  /// What there is of those bytes, until the next call: fewer at the end, and where the text cannot
  /// be read.
  [[nodiscard]] virtual std::string_view view(std::uint64_t offset, std::size_t size) = 0;

 protected:
  TextSource() = default;
};

/// A function, and the source line in it; or a call that was inlined, and where.
struct Place {
  std::string function;    ///< As written in the source: undecorated already.
  std::string file{};      ///< Empty: unknown.
  std::uint32_t line = 0;  ///< 0: unknown.
};

/// What lies at an address.
struct Location {
  std::uint32_t rva = 0;   ///< Where the function begins.
  std::uint32_t size = 0;  ///< 0: not known (a PUBLIC record).
  bool is_public = false;
  std::vector<Place> places{};  ///< The innermost inlined call first; the last is the function.
};

/// STACK CFI: how the caller's registers are computed, a postfix expression for each. `.cfa` is the
/// caller's stack pointer, `.ra` its instruction pointer.
class CfiRules {
 public:
  struct Rule {
    std::string_view target;      ///< `.cfa`, `.ra`, `$rbx`, `x29`
    std::string_view expression;  ///< `.cfa 16 - ^`
  };
  /// More registers than any processor preserves.
  static constexpr std::size_t kMaxRules = 48;

  /// Adds the rules of \p text; one for the same target takes the place of an earlier one. False
  /// when \p text is damaged or has too many.
  [[nodiscard]] bool add(std::string_view text);
  [[nodiscard]] const Rule* find(std::string_view target) const noexcept;
  [[nodiscard]] const Rule* begin() const noexcept { return rules_.data(); }
  [[nodiscard]] const Rule* end() const noexcept { return rules_.data() + size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  std::array<Rule, kMaxRules> rules_{};
  std::size_t size_ = 0;
};

/// How a function of x86 keeps its frame: STACK WIN, and what PDBs say in their FPO and frame data
/// streams. Sizes are in bytes.
struct WinFrame {
  std::uint32_t rva = 0, size = 0;
  std::uint32_t prologue_size = 0, epilogue_size = 0;
  std::uint32_t params_size = 0;           ///< Pushed by the caller, removed by the function.
  std::uint32_t saved_registers_size = 0;  ///< Pushed by the prologue.
  std::uint32_t locals_size = 0;
  std::uint32_t max_stack_size = 0;
  /// `$T0 $ebp = $eip $T0 4 + ^ = $ebp $T0 ^ = $esp $T0 8 + =`; empty: the sizes have to do.
  std::string_view program{};
  bool uses_base_pointer = false;  ///< Without a program: ebp is one of the saved registers.
};

/// Who else than a module's image knows how its frames are unwound. Modules are named by their
/// index in the process's module list.
class FrameRuleSource {
 public:
  virtual ~FrameRuleSource() = default;
  FrameRuleSource(const FrameRuleSource&) = delete;
  FrameRuleSource& operator=(const FrameRuleSource&) = delete;
  [[nodiscard]] virtual std::optional<CfiRules> cfi_rules(std::size_t module,
                                                          std::uint32_t rva) = 0;
  [[nodiscard]] virtual std::optional<WinFrame> win_frame(std::size_t module,
                                                          std::uint32_t rva) = 0;

 protected:
  FrameRuleSource() = default;
};

/// Texts above this are not read: offsets into them have 32 bits.
inline constexpr std::uint64_t kMaxTextBytes = std::uint64_t{0xffff'fff0};
/// Records of one kind; the rest is not seen. A hundred times what a large browser has.
inline constexpr std::size_t kMaxRecords = std::size_t{1} << 26;

/// Goes over \p text once. Lines that make no sense are left out. Errc::Malformed when the first
/// line is no MODULE record, Errc::LimitExceeded above the limits.
[[nodiscard]] Result<std::string> build_index(ByteView text, const Stamp& stamp);

/// A line that is longer than this has nothing to say.
inline constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20;

/// A symbol file with its index, both kept alive by whoever opened them.
class SymFile {
 public:
  /// Errc::Malformed when \p index is of another text, of another version or damaged: build it
  /// again.
  [[nodiscard]] static Result<SymFile> open(TextSource& text, ByteView index, const Stamp& stamp);

  /// The function whose record covers \p rva, or else the public symbol at or below.
  [[nodiscard]] std::optional<Location> locate(std::uint32_t rva);
  /// The rules in force at \p rva. Views live until the next question of this kind.
  [[nodiscard]] std::optional<CfiRules> cfi_rules(std::uint32_t rva);
  /// The innermost record that covers \p rva, one with a program before one without. Views live
  /// until the next question of this kind.
  [[nodiscard]] std::optional<WinFrame> win_frame(std::uint32_t rva);

  /// Whether the index has led to a line that is not what it says, which cost an answer: it is to
  /// be built again.
  [[nodiscard]] bool index_is_damaged() const noexcept { return index_is_damaged_; }

  struct Counts {
    std::uint64_t functions = 0, publics = 0, cfi = 0, win = 0;
  };
  [[nodiscard]] Counts counts() const noexcept;

 private:
  explicit SymFile(TextSource& text) : text_(&text) {}
  std::nullopt_t damaged() noexcept {
    index_is_damaged_ = true;
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Location> function_at(std::uint32_t rva);
  [[nodiscard]] std::optional<Location> public_at(std::uint32_t rva);
  /// The text behind `KEYWORD number` of the record with \p number.
  [[nodiscard]] std::string name_of(ByteView records,
                                    std::string_view keyword,
                                    std::uint32_t number);

  TextSource* text_;
  std::array<ByteView, 6> arrays_;  // of the records in format.h, in its order
  std::string cfi_text_, program_;  // what was answered last
  bool index_is_damaged_ = false;
};

}  // namespace vigil::breakpad
