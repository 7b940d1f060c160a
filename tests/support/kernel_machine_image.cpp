// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_image.h"

#include <stdexcept>
#include <utility>

#include "support/kernel_machine_resource.h"

namespace vigil::test {
namespace {

constexpr std::uint8_t kR12 = 12;
constexpr std::uint32_t kExportsAt = 0, kDebugAt = 0xe00;

std::string push_code(std::uint8_t reg) {
  std::string code;
  if (reg >= 8) code += '\x41';
  return code += static_cast<char>(0x50 + (reg & 7));
}

/// The instructions that begin a function, and its unwind codes, last instruction first.
struct PrologCode {
  std::string code;
  std::vector<std::string> codes;
  std::uint8_t frame_register = 0;

  void unwind(std::uint8_t operation, std::uint8_t info, std::string_view more = {}) {
    std::string entry{static_cast<char>(code.size()),
                      static_cast<char>(operation | static_cast<std::uint8_t>(info << 4))};
    codes.push_back(entry.append(more));
  }
  void push(std::uint8_t reg) {
    code += push_code(reg);
    unwind(0, reg);
  }
  void allocate(std::uint32_t size) {
    if (size == 0) return;
    code += std::string("\x48\x81\xec", 3) + little_endian(size, 4);
    if (size <= 0x80) return unwind(2, static_cast<std::uint8_t>(size / 8 - 1));
    unwind(1, 0, little_endian(size / 8, 2));
  }
};

PrologCode prolog_of(const KernelFunction& function) {
  PrologCode made;
  if (function.prolog == Prolog::TrapWithCode || function.prolog == Prolog::TrapNoCode) {
    const bool with_code = function.prolog == Prolog::TrapWithCode;
    made.unwind(10, with_code ? 1 : 0);
    if (!with_code) made.allocate(8);
    made.push(5);
    made.allocate(kTrapAllocation);
    made.code += std::string("\x48\x8d\xac\x24\x80\0\0\0", 8);  // lea rbp, [rsp+80h]
    made.unwind(3, 0);
    made.frame_register = 0x85;
    return made;
  }
  if (function.prolog == Prolog::ExceptionFrame) {
    made.allocate(kExceptionAllocation);
    for (const auto [reg, slot] : kExceptionSaves) {
      made.code += reg >= kR12 ? '\x4c' : '\x48';
      made.code += '\x89';
      made.code += static_cast<char>(0x84 | (reg & 7) << 3);
      made.code += '\x24' + little_endian(slot * 8u, 4);
      made.unwind(4, reg, little_endian(slot, 2));
    }
    return made;
  }
  for (const auto reg : function.pushes) made.push(reg);
  made.allocate(function.allocation);
  return made;
}

std::string code_of(const KernelFunction& function) {
  std::string code = function.prolog == Prolog::Leaf ? std::string() : prolog_of(function).code;
  if (code.size() > KernelFunction::kResumeOffset - 5) throw std::logic_error("a long prolog");
  code.resize(KernelFunction::kResumeOffset - 5, '\x90');
  code += std::string("\xe8\0\0\0\0", 5);  // the call: to what follows it
  code.resize(KernelFunction::kFaultOffset, '\x90');
  code += function.fault_code;
  code.resize(KernelFunction::kSize - 8, '\x90');
  return code + std::string("\xc3\xcc\xcc\xcc\xcc\xcc\xcc\xcc", 8);
}

std::string unwind_information(const KernelFunction& function) {
  const auto prolog = prolog_of(function);
  std::string codes;
  for (auto entry = prolog.codes.rbegin(); entry != prolog.codes.rend(); ++entry) codes += *entry;
  const auto slots = codes.size() / 2;
  ByteBuilder info;
  info.u8(1).u8(prolog.code.size()).u8(slots).u8(prolog.frame_register).raw(codes).align(4);
  return info.bytes();
}

}  // namespace

ImageBuilder::ImageBuilder(ImageIdentity identity, std::uint64_t base, std::uint32_t data_size)
    : identity_(std::move(identity)), base_(base), data_size_(data_size) {}

ImageBuilder& ImageBuilder::function(KernelFunction function) {
  function.module = identity_.name;
  function.address = base_ + kTextRva + functions_.size() * kSlot;
  functions_.push_back(std::move(function));
  if (kTextRva + functions_.size() * kSlot > kReadOnlyRva) throw std::logic_error("much code");
  return *this;
}

ImageBuilder& ImageBuilder::leaf(std::string name, std::string code) {
  leaves_[name] = std::move(code);
  return function({.name = std::move(name), .prolog = Prolog::Leaf, .exported = true});
}

std::uint64_t ImageBuilder::data(std::size_t size, std::string exported_as, std::size_t alignment) {
  data_used_ = static_cast<std::uint32_t>((data_used_ + alignment - 1) / alignment * alignment);
  const auto address = base_ + kDataRva + data_used_;
  data_used_ += static_cast<std::uint32_t>(size);
  if (data_used_ > data_size_) throw std::logic_error(identity_.name + ": much data");
  if (!exported_as.empty()) exported_data_[std::move(exported_as)] = address;
  return address;
}

const KernelFunction& ImageBuilder::at(std::string_view name) const {
  for (const auto& function : functions_) {
    if (function.name == name) return function;
  }
  throw std::logic_error(identity_.name + " has no " + std::string(name));
}

std::string ImageBuilder::code() const {
  ByteBuilder text;
  for (const auto& function : functions_) {
    text.seek(function.address - base_ - kTextRva);
    const auto leaf = leaves_.find(function.name);
    text.raw(leaf == leaves_.end() ? code_of(function) : leaf->second);
  }
  return text.bytes();
}

std::string ImageBuilder::pdata(std::string& xdata) const {
  ByteBuilder entries;
  for (const auto& function : functions_) {
    if (function.prolog == Prolog::Leaf) continue;
    const auto begin = function.address - base_;
    entries.u32(begin).u32(begin + KernelFunction::kSize).u32(kXdataRva + xdata.size());
    xdata += unwind_information(function);
  }
  return entries.bytes();
}

std::string ImageBuilder::exports() const {
  std::map<std::string, std::uint64_t> names(exported_data_.begin(), exported_data_.end());
  for (const auto& function : functions_) {
    if (function.exported) names[function.name] = function.address;
  }
  const std::uint32_t count = static_cast<std::uint32_t>(names.size());
  const std::uint32_t addresses = kReadOnlyRva + 40, name_list = addresses + 4 * count;
  const std::uint32_t ordinals = name_list + 4 * count, text = ordinals + 2 * count;
  ByteBuilder strings, table, list, numbers;
  strings.c_string(identity_.name);
  std::uint32_t index = 0;
  for (const auto& [name, address] : names) {
    table.u32(address - base_);
    list.u32(text + strings.size());
    numbers.u16(index++);
    strings.c_string(name);
  }
  ByteBuilder directory;
  directory.u32(0).u32(identity_.timestamp).u32(0).u32(text).u32(1).u32(count).u32(count);
  directory.u32(addresses).u32(name_list).u32(ordinals);
  directory.raw(table.bytes()).raw(list.bytes()).raw(numbers.bytes()).raw(strings.bytes());
  if (directory.size() > kDebugAt) throw std::logic_error("many exports");
  return directory.bytes();
}

std::string ImageBuilder::debug_record() const {
  const auto record = debug_data(identity_.pdb, identity_.timestamp);
  ByteBuilder directory;
  directory.u32(0).u32(identity_.timestamp).u32(0).u32(2).u32(record.size());
  return directory.u32(kReadOnlyRva + kDebugAt + 28).u32(0).raw(record).bytes();
}

std::string ImageBuilder::headers(std::uint32_t exports_size) const {
  PeHeader header{.base = base_,
                  .size = size(),
                  .timestamp = identity_.timestamp,
                  .checksum = checksum(),
                  .entry = functions_.empty()
                               ? 0
                               : static_cast<std::uint32_t>(functions_.front().address - base_),
                  .executable = identity_.executable};
  const auto has_frame = [](const KernelFunction& f) { return f.prolog != Prolog::Leaf; };
  std::uint32_t frames = 0;
  for (const auto& function : functions_) frames += has_frame(function) ? 1u : 0u;
  header.directories[0] = {kReadOnlyRva + kExportsAt, exports_size};
  if (!identity_.version.empty()) header.directories[2] = {kResourceRva, 0x400};
  header.directories[3] = {kPdataRva, frames * 12};
  if (!identity_.pdb.empty()) header.directories[6] = {kReadOnlyRva + kDebugAt, 28};
  header.sections = {{".text", kTextRva, kReadOnlyRva - kTextRva, 0x68000020},
                     {".rdata", kReadOnlyRva, kPdataRva - kReadOnlyRva, 0x48000040},
                     {".pdata", kPdataRva, kResourceRva - kPdataRva, 0x48000040},
                     {".rsrc", kResourceRva, kDataRva - kResourceRva, 0x42000040},
                     {".data", kDataRva, data_size_, 0xc8000040}};
  return pe_header(header);
}

void ImageBuilder::write(AddressSpace& space) const {
  std::string xdata;
  const auto frames = pdata(xdata);
  const auto names = exports();
  space.write(base_, headers(static_cast<std::uint32_t>(names.size())));
  space.write(base_ + kTextRva, code());
  space.write(base_ + kReadOnlyRva + kExportsAt, names);
  if (!identity_.pdb.empty()) space.write(base_ + kReadOnlyRva + kDebugAt, debug_record());
  space.write(base_ + kXdataRva, xdata);
  space.write(base_ + kPdataRva, frames);
  if (!identity_.version.empty()) {
    space.write(base_ + kResourceRva, version_resource(kResourceRva, identity_.version,
                                                       identity_.company, identity_.name));
  }
}

ModuleTruth ImageBuilder::truth() const {
  ModuleTruth truth{.name = identity_.name,
                    .path = identity_.path,
                    .base = base_,
                    .size = size(),
                    .timestamp = identity_.timestamp,
                    .checksum = checksum(),
                    .entry_point = functions_.empty() ? 0 : functions_.front().address,
                    .version = identity_.version,
                    .company = identity_.company,
                    .pdb = identity_.pdb,
                    .debug_id = identity_.pdb.empty() ? "" : debug_id(identity_.timestamp),
                    .third_party = identity_.company != "Microsoft Corporation",
                    .functions = {}};
  for (const auto& function : functions_) {
    const auto leaf = leaves_.find(function.name);
    const auto size = leaf == leaves_.end() ? KernelFunction::kSize : leaf->second.size();
    truth.functions.push_back({function.name, function.address, static_cast<std::uint32_t>(size)});
  }
  return truth;
}

}  // namespace vigil::test
