// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "snapshot/snapshot.h"
#include "support/byte_builder.h"
#include "unit/image/image_support.h"
#include "unit/image/pe_builder.h"
#include "unwind/unwind.h"

namespace vigil::test {

/// Captured memory that a test lays out.
class FakeMemory final : public snapshot::Memory {
 public:
  void add(std::uint64_t base, std::string bytes) { ranges_.emplace_back(base, std::move(bytes)); }

  ByteView at(std::uint64_t address, std::uint64_t size) override {
    for (const auto& [base, bytes] : ranges_) {
      if (address < base || address - base >= bytes.size()) continue;
      return ByteView(std::string_view(bytes)).clamp(address - base, size);
    }
    return {};
  }

 private:
  std::vector<std::pair<std::uint64_t, std::string>> ranges_;
};

/// The sections of an x64 or ARM64 module with its unwind tables: code at 0x1000, unwind
/// information at 0x4000, the exception directory at 0x5000, exports at 0x6000.
class CodeModule {
 public:
  static constexpr std::uint32_t kText = 0x1000, kInfo = 0x4000, kTable = 0x5000, kExports = 0x6000;

  explicit CodeModule(std::uint32_t machine = PeBuilder::kAmd64, char filler = '\x90')
      : machine_(machine), text_(std::string(0x1000, filler)) {}

  CodeModule& code(std::uint32_t rva, std::string_view bytes) {
    text_.patch_raw(rva - kText, bytes);
    return *this;
  }
  /// A `call rel32` that returns to \p rva.
  CodeModule& call_before(std::uint32_t rva) {
    return code(rva - 5, std::string_view("\xe8\0\0\0\0", 5));
  }
  /// An entry of the x64 exception directory; entries come in the order of their addresses.
  CodeModule& function(std::uint32_t begin, std::uint32_t end, const ByteBuilder& info) {
    return function_at(begin, end, add_info(info));
  }
  CodeModule& function_at(std::uint32_t begin, std::uint32_t end, std::uint32_t info) {
    table_.u32(begin).u32(end).u32(info);
    return *this;
  }
  CodeModule& arm64_function(std::uint32_t begin, std::uint32_t data) {
    table_.u32(begin).u32(data);
    return *this;
  }
  /// Puts \p info among the unwind information; returns its RVA.
  std::uint32_t add_info(const ByteBuilder& info) {
    info_.align(4);
    const auto rva = kInfo + static_cast<std::uint32_t>(info_.size());
    info_.raw(info.bytes());
    return rva;
  }
  CodeModule& exports(std::string_view name, std::uint32_t rva) {
    exports_ = ByteBuilder();
    exports_.u32(0).u32(0).u32(0).u32(0).u32(1).u32(1).u32(1);
    exports_.u32(kExports + 40).u32(kExports + 44).u32(kExports + 48);
    exports_.u32(rva).u32(kExports + 52).u32(0).c_string(name);
    return *this;
  }

  [[nodiscard]] PeBuilder build() const {
    PeBuilder pe(machine_);
    pe.section(".text", kText, PeBuilder::kCode, text_.bytes());
    pe.section(".xdata", kInfo, PeBuilder::kReadOnly, info_.bytes());
    pe.section(".pdata", kTable, PeBuilder::kReadOnly, table_.bytes());
    pe.section(".edata", kExports, PeBuilder::kReadOnly, exports_.bytes());
    if (table_.size() > 0) pe.directory(3, kTable, table_.size());
    if (exports_.size() > 0) pe.directory(0, kExports, exports_.size());
    return pe;
  }

 private:
  std::uint32_t machine_;
  ByteBuilder text_, info_, table_, exports_;
};

/// x64 UNWIND_INFO, its codes in the order they lie in the image: the prologue backwards.
class InfoBuilder {
 public:
  static constexpr unsigned kHandler = 1, kChained = 4;

  explicit InfoBuilder(unsigned prologue_bytes) : prologue_(prologue_bytes) {}
  InfoBuilder& version(unsigned v) {
    version_ = v;
    return *this;
  }
  InfoBuilder& flags(unsigned f) {
    flags_ = f;
    return *this;
  }
  InfoBuilder& frame(unsigned reg, unsigned offset16) {
    frame_ = reg | offset16 << 4;
    return *this;
  }
  InfoBuilder& op(unsigned offset, unsigned operation, unsigned info) {
    codes_.u8(offset).u8(operation | info << 4);
    return *this;
  }
  InfoBuilder& op16(unsigned offset, unsigned operation, unsigned info, unsigned operand) {
    op(offset, operation, info);
    codes_.u16(operand);
    return *this;
  }
  InfoBuilder& op32(unsigned offset, unsigned operation, unsigned info, std::uint32_t operand) {
    op(offset, operation, info);
    codes_.u32(operand);
    return *this;
  }
  InfoBuilder& chained(std::uint32_t begin, std::uint32_t end, std::uint32_t info) {
    flags_ |= kChained;
    tail_.u32(begin).u32(end).u32(info);
    return *this;
  }
  [[nodiscard]] ByteBuilder build() const {
    ByteBuilder out;
    out.u8(version_ | flags_ << 3).u8(prologue_).u8(codes_.size() / 2).u8(frame_);
    return out.raw(codes_.bytes()).align(4).raw(tail_.bytes());
  }

 private:
  unsigned version_ = 1, flags_ = 0, prologue_ = 0, frame_ = 0;
  ByteBuilder codes_, tail_;
};

/// What symbol files say, by module and the address from which it holds.
class FakeRules final : public breakpad::FrameRuleSource {
 public:
  FakeRules& cfi(std::size_t module, std::uint32_t rva, std::uint32_t size, std::string_view text) {
    breakpad::CfiRules rules;
    if (rules.add(text)) cfi_.push_back({module, rva, size, rules});
    return *this;
  }
  FakeRules& win(std::size_t module, const breakpad::WinFrame& frame) {
    win_.push_back({module, frame.rva, frame.size, frame});
    return *this;
  }

  std::optional<breakpad::CfiRules> cfi_rules(std::size_t module, std::uint32_t rva) override {
    return find(cfi_, module, rva);
  }
  std::optional<breakpad::WinFrame> win_frame(std::size_t module, std::uint32_t rva) override {
    return find(win_, module, rva);
  }

 private:
  template <class Rule>
  struct Entry {
    std::size_t module;
    std::uint32_t rva, size;
    Rule rule;
  };
  template <class Rule>
  static std::optional<Rule> find(const std::vector<Entry<Rule>>& entries,
                                  std::size_t module,
                                  std::uint32_t rva) {
    for (const auto& entry : entries) {
      const bool here = entry.module == module && rva >= entry.rva && rva - entry.rva < entry.size;
      if (here) return entry.rule;
    }
    return std::nullopt;
  }
  std::vector<Entry<breakpad::CfiRules>> cfi_;
  std::vector<Entry<breakpad::WinFrame>> win_;
};

/// A process made of such modules, with one stack at kStack.
class FakeProcess final : public image::ImageSource {
 public:
  static constexpr std::uint64_t kBase = 0x7ff6'0000'0000, kBase32 = 0x0040'0000;
  static constexpr std::uint64_t kStack = 0x10'0000;

  /// A module with its image; \p bytes are those of a mapped image.
  FakeProcess& module(std::uint64_t base, std::string bytes) {
    module_without_image(base);
    images_.back() = std::make_unique<OpenImage>(std::move(bytes));
    return *this;
  }
  FakeProcess& module_without_image(std::uint64_t base) {
    snapshot::Module module;
    module.base = base;
    module.size = PeBuilder::kImageSize;
    modules_.push_back(module);
    images_.emplace_back();
    return *this;
  }
  FakeProcess& memory(std::uint64_t base, std::string bytes) {
    memory_.add(base, std::move(bytes));
    return *this;
  }
  FakeProcess& stack(const ByteBuilder& bytes) {
    stack_ = {kStack, bytes.size()};
    return memory(kStack, bytes.bytes());
  }

  FakeProcess& rules(FakeRules& rules) {
    rules_ = &rules;
    return *this;
  }
  /// Code outside of modules with what was registered for it; \p tables outlive this.
  FakeProcess& generated(const std::vector<snapshot::FunctionTable>& tables,
                         image::Machine machine = image::Machine::Amd64) {
    generated_ = std::make_unique<unwind::GeneratedCode>(tables, memory_, machine);
    return *this;
  }
  FakeProcess& keeps_frame_pointers() {
    frame_pointers_ = true;
    return *this;
  }
  FakeProcess& guesses_without_code() {
    guess_without_code_ = true;
    return *this;
  }
  FakeProcess& ends_by(Deadline& deadline) {
    deadline_ = &deadline;
    return *this;
  }

  const image::PeImage* image(std::size_t index) override {
    const auto& open = images_.at(index);
    return open && open->image.ok() ? &*open->image : nullptr;
  }

  unwind::Walk walk(const snapshot::ThreadContext& context,
                    std::size_t max_frames = unwind::kDefaultMaxFrames) {
    const snapshot::ModuleMap map(modules_);
    return unwind::walk_stack({.context = context,
                               .memory = memory_,
                               .modules = modules_,
                               .module_map = map,
                               .images = *this,
                               .rules = rules_,
                               .generated = generated_.get(),
                               .stack = stack_,
                               .frame_pointers = frame_pointers_,
                               .guess_without_code = guess_without_code_,
                               .max_frames = max_frames,
                               .deadline = deadline_});
  }

 private:
  std::vector<snapshot::Module> modules_;
  std::vector<std::unique_ptr<OpenImage>> images_;
  FakeMemory memory_;
  FakeRules* rules_ = nullptr;
  std::unique_ptr<unwind::GeneratedCode> generated_;
  bool frame_pointers_ = false;
  bool guess_without_code_ = false;
  snapshot::AddressRange stack_;
  Deadline* deadline_ = nullptr;
};

class PassedDeadline final : public Deadline {
 public:
  bool has_passed() override { return true; }
};

inline snapshot::Amd64Context amd64_context(std::uint64_t rip, std::uint64_t rsp) {
  snapshot::Amd64Context context;
  context.rip = rip;
  context.gpr[4] = rsp;
  return context;
}

}  // namespace vigil::test
