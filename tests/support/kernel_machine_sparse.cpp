// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <stdexcept>

#include "support/kernel_machine_file.h"
#include "support/kernel_machine_memory.h"

/// A dump as large as that of a server, of which the disk holds only what the machine uses.
namespace vigil::test {
namespace {

constexpr std::uint64_t kAbsentEvery = 64;

/// Whether the large machine's dump holds a page: all but some of those that the small one does not
/// use.
bool is_held(const KernelMachine& machine, const DumpTraits& traits, std::uint64_t pfn) {
  const auto page = machine.pages.find(pfn);
  if (page == machine.pages.end()) return pfn % kAbsentEvery != kAbsentEvery - 1;
  return traits.user_pages || !page->second.user;
}

}  // namespace

void write_sparse_dump(const KernelMachine& machine,
                       KernelDumpKind kind,
                       std::uint64_t memory_bytes,
                       const std::string& path) {
  const auto bits = memory_bytes / kPageBytes;
  if (machine.pages.rbegin()->first >= bits) throw std::logic_error("less memory than it uses");
  KernelMachine large = machine;
  large.runs = {{1, bits - 1}};
  const auto traits = dump_traits(kind);
  auto header = kernel_header(large, traits);

  std::string bitmap((bits + 7) / 8, '\0');
  const auto first_page =
      (kHeader64Bytes + kBitmapHeaderBytes + bitmap.size() + kPageBytes - 1) & ~(kPageBytes - 1);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  std::uint64_t present = 0;
  for (std::uint64_t pfn = 1; pfn < bits; ++pfn) {
    if (!is_held(machine, traits, pfn)) continue;
    bitmap[pfn / 8] =
        static_cast<char>(static_cast<unsigned char>(bitmap[pfn / 8]) | 1u << pfn % 8);
    const auto page = machine.pages.find(pfn);
    if (page != machine.pages.end()) {
      file.seekp(static_cast<std::streamoff>(first_page + kPageBytes * present));
      file.write(page->second.bytes.data(), static_cast<std::streamsize>(kPageBytes));
    }
    ++present;
  }
  const auto end = first_page + kPageBytes * present;
  header.patch_u64(0xfa0, end);
  header.raw(bitmap_header({.full = traits.type == 5,
                            .user = traits.user_pages,
                            .first_page = first_page,
                            .present = present,
                            .bits = bits}));
  header.raw(bitmap);
  file.seekp(0);
  file.write(header.bytes().data(), static_cast<std::streamsize>(header.size()));
  file.seekp(static_cast<std::streamoff>(end - 1));
  file.put('\0');
  if (!file.flush()) throw std::runtime_error("could not write " + path);
}

}  // namespace vigil::test
