// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "kerneldump/kernel.h"

namespace vigil::kerneldump {

bool set_by_symbols(Layout& layout, KernelSymbols& symbols) {
  const auto take = [&](std::uint64_t& to, std::string_view type, std::string_view path) {
    if (const auto field = symbols.field(type, path)) to = field->offset;
  };
  // Public symbols without types have neither.
  if (!symbols.field("_EPROCESS", "UniqueProcessId") || !symbols.field("_ETHREAD", "Cid"))
    return false;
#define VIGIL_KERNEL_FIELD(member, type, path) take(layout.member, #type, path);
#include "kerneldump/layout_fields.inc"
#undef VIGIL_KERNEL_FIELD
  if (const auto size = symbols.size_of("_EPROCESS")) layout.process_bytes = *size;
  if (const auto size = symbols.size_of("_ETHREAD")) layout.thread_bytes = *size;
  return true;
}

}  // namespace vigil::kerneldump
