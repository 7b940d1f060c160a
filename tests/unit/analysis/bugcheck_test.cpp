// SPDX-License-Identifier: Apache-2.0
#include "analysis/bugcheck.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "analysis/analysis.h"
#include "analysis/ntstatus.h"

namespace vigil::analysis {
namespace {

TEST(Bugcheck, IsNamedAlsoWithTheFlagOfSmallDumps) {
  EXPECT_EQ(bugcheck_name({.code = 0xd1}), "DRIVER_IRQL_NOT_LESS_OR_EQUAL");
  EXPECT_EQ(bugcheck_name({.code = 0x1000007e}), "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED_M");
  EXPECT_EQ(bugcheck_name({.code = 0x100000d1}), "DRIVER_IRQL_NOT_LESS_OR_EQUAL");
  EXPECT_EQ(bugcheck_name({.code = 0x7ffffff}), "an unknown bugcheck");
  EXPECT_EQ(bugcheck_name({.code = 0}), "no bugcheck");
  EXPECT_EQ(bugcheck_text({.code = 0}).meaning,
            "nothing failed: a person, a program or a debugger asked for the dump");
}

TEST(Bugcheck, HasItsParametersInWords) {
  const snapshot::Bugcheck bugcheck{0xd1, {0x29, 2, 1, 0xfffff800a56d1ae9}};
  EXPECT_EQ(parameter_in_words(bugcheck, 0), "address that was touched");
  EXPECT_EQ(parameter_in_words(bugcheck, 1), "IRQL at that moment: 2, dispatch");
  EXPECT_EQ(parameter_in_words(bugcheck, 2), "kind of access: write");
  EXPECT_EQ(parameter_in_words({0x7f, {8, 0, 0, 0}}, 0),
            "number of the trap: double fault: mostly a kernel stack that overflowed");
  EXPECT_EQ(parameter_in_words({0x139, {3, 0, 0, 0}}, 0), "what was found: CORRUPT_LIST_ENTRY");
  EXPECT_EQ(parameter_in_words({0x3b, {0xc0000005, 0, 0, 0}}, 0),
            "exception code: ACCESS_VIOLATION");
  EXPECT_EQ(parameter_in_words({0x7ffffff, {}}, 0), "");
}

using Words = std::array<std::string, 4>;
Words words_of(const snapshot::Bugcheck& bugcheck) {
  return {parameter_in_words(bugcheck, 0), parameter_in_words(bugcheck, 1),
          parameter_in_words(bugcheck, 2), parameter_in_words(bugcheck, 3)};
}

TEST(Bugcheck, SaysWhatTheOthersAreByTheFirstParameter) {
  EXPECT_EQ(words_of({0x133, {0, 0x501, 0x500, 0}}),
            (Words{"what took too long: one DPC or interrupt routine took too long",
                   "time that it took, in ticks", "time that one may take, in ticks",
                   "the system's record of the watchdog"}));
  EXPECT_EQ(words_of({0x133, {1, 0x1e00, 0, 0}}),
            (Words{"what took too long: the processor spent too much time in all at dispatch level "
                   "or above",
                   "time that it may spend there, in ticks", "the system's record of the watchdog",
                   "reserved"}));
  EXPECT_EQ(parameter_in_words({0x9f, {4, 300, 0, 0}}, 1), "time that was waited, in seconds");
  EXPECT_EQ(parameter_in_words({0x9f, {3, 0, 0, 0}}, 3), "request that is held (IRP)");
  EXPECT_EQ(parameter_in_words({0x1a, {0x41792, 0, 0, 0}}, 2), "the entry, lower half");
  EXPECT_EQ(parameter_in_words({0x19, {0x21, 0, 0, 0}}, 2), "bytes that it was allocated with");
  EXPECT_EQ(parameter_in_words({0x4e, {0x99, 0, 0, 0}}, 1), "number of the page");
  EXPECT_EQ(parameter_in_words({0xc2, {9, 2, 0, 0}}, 1), "IRQL at that moment: 2, dispatch");
  EXPECT_EQ(parameter_in_words({0xc4, {0x62, 0, 0, 3}}, 3), "allocations that were not freed");
  EXPECT_EQ(parameter_in_words({0x10d, {5, 0, 0, 0}}, 1), "handle");
  EXPECT_EQ(parameter_in_words({0xc4, {0xf6, 4, 0, 0}}, 3), "address in the driver");
  EXPECT_EQ(parameter_in_words({0x1a, {0x41283, 0, 0, 0}}, 0),
            "what was found to be wrong: the place in a working set that a page table entry names "
            "is damaged");
}

TEST(Bugcheck, TellsAHardwareErrorByItsSource) {
  EXPECT_EQ(parameter_in_words({0x124, {0, 0, 0, 0}}, 2), "bank's status, upper half");
  EXPECT_EQ(
      words_of({0x124, {4, 0, 0, 0}}),
      (Words{"source of the report: PCI Express", "record of the error", "reserved", "reserved"}));
}

TEST(Bugcheck, TellsAStackThatCameBackWrongFromOneThatCouldNotBeRead) {
  EXPECT_EQ(parameter_in_words({0x77, {1, 0, 0, 0}}, 0),
            "the stack's own mark was not in the page, which came from the disk: mostly failing "
            "hardware");
  EXPECT_EQ(parameter_in_words({0x77, {1, 0, 0, 0}}, 1), "value where the mark should be");
  EXPECT_EQ(
      words_of({0x77, {0xc000009c, 0xc000009c, 0, 0x1000}}),
      (Words{"status: STATUS_DEVICE_DATA_ERROR", "status of the transfer: STATUS_DEVICE_DATA_ERROR",
             "number of the page file", "place in it"}));
}

TEST(Bugcheck, SaysOfEachParameterWhatItIs) {
  EXPECT_EQ(parameter_in_words({0xd8, {0, 0, 7, 9}}, 2), "entries that are free");
  EXPECT_EQ(parameter_in_words({0x21, {}}, 3), "amount that could not be given back");
  EXPECT_EQ(parameter_in_words({0x12b, {}}, 1), "number of the page");
  EXPECT_EQ(words_of({0x34, {0x50830, 0, 0, 0}}),
            (Words{"place in its source", "reserved", "reserved", "reserved"}));
  EXPECT_EQ(parameter_in_words({0xcb, {}}, 2), "list of the pages (MDL)");
  EXPECT_EQ(parameter_in_words({0x1ca, {}}, 3), "number of the processor that keeps the clock");
}

TEST(Bugcheck, KnowsTheBitsOfAnAccessOfEachBugcheck) {
  EXPECT_EQ(access_in_words(0x50, 0), "read");
  EXPECT_EQ(access_in_words(0x50, 1), "write") << "before Windows 10";
  EXPECT_EQ(access_in_words(0x50, 2), "write");
  EXPECT_EQ(access_in_words(0x50, 0x10), "execute");
  EXPECT_EQ(access_in_words(0xd1, 2), "execute");
  EXPECT_EQ(access_in_words(0xd1, 8), "execute");
  EXPECT_EQ(access_in_words(0xd1, 9), "execute") << "bits 0 and 3";
  EXPECT_EQ(access_in_words(0x0a, 1), "write");
  EXPECT_EQ(access_in_words(0x0a, 0), "read");
  EXPECT_EQ(access_in_words(0xd1, 7), "");
  EXPECT_EQ(access_in_words(0x50, 3), "write") << "bits of the page fault: present, write";
  EXPECT_EQ(access_in_words(0x50, 8), "execute") << "ARM";
  EXPECT_EQ(access_in_words(0xce, 0x10), "execute");
  EXPECT_EQ(access_in_words(0xd6, 2), "write");
  EXPECT_EQ(access_in_words(0x50, 0x100), "");
}

TEST(Bugcheck, SaysWhatAnUnlistedKindWouldDecide) {
  const std::string depends = "depends on parameter 1";
  EXPECT_EQ(words_of({0x9f, {0x77, 1, 2, 3}}),
            (Words{"kind of the failure", depends, depends, depends}));
  EXPECT_EQ(words_of({0xc4, {0x2ffff, 1, 2, 3}}),
            (Words{"rule that was broken", depends, depends, depends}));
  EXPECT_EQ(words_of({0x1a, {0x12345, 1, 2, 3}}),
            (Words{"what was found to be wrong", depends, depends, depends}));
  EXPECT_EQ(words_of({0xc1, {1, 2, 3, 0x99}}),
            (Words{"depends on parameter 4", "depends on parameter 4", "depends on parameter 4",
                   "kind of the failure"}));
  EXPECT_EQ(words_of({0x1a, {0x5100, 1, 2, 3}}),
            (Words{"what was found to be wrong: a bitmap of page tables is damaged",
                   "not documented", "not documented", "not documented"}))
      << "listed, but without what the others mean";
}

TEST(Bugcheck, TellsTheOthersByWhicheverParameterDecides) {
  EXPECT_EQ(words_of({0xc9, {5, 1, 0, 2}}),
            (Words{"rule that was broken: a driver's routine returned at another IRQL than it was "
                   "called at",
                   "its device", "IRQL before: 0, passive", "IRQL afterwards: 2, dispatch"}));
  EXPECT_EQ(words_of({0xc1, {2, 1, 0x40, 0x30}}),
            (Words{"IRQL at that moment: 2, dispatch", "type of the pool", "size in bytes",
                   "kind of the failure: memory was allocated at an IRQL that forbids it"}));
  EXPECT_EQ(words_of({0x14f, {7, 2, 0xffff8000, 0}}),
            (Words{"which part, by its id", "kind of the part: it is for resiliency", "the part",
                   "record of the failure"}));
}

TEST(Bugcheck, NamesTheRulesOfTheDriverVerifier) {
  const Words words{"rule that was broken: IrqlExApcLte1", "condition that was broken, a string",
                    "state of the rule; 0: none", "more of it; 0: none"};
  EXPECT_EQ(words_of({0x1c4, {0x20005, 1, 2, 3}}), words);
  EXPECT_EQ(words_of({0xc4, {0x20005, 1, 2, 3}}), words) << "the same rules";
  EXPECT_EQ(parameter_in_words({0xc4, {0x20, 0, 0, 0}}, 0), "rule that was broken");
}

TEST(Bugcheck, NamesAStatus) {
  EXPECT_EQ(ntstatus_name(0xc0000005), "STATUS_ACCESS_VIOLATION");
  EXPECT_EQ(ntstatus_name(0x80000005), "STATUS_BUFFER_OVERFLOW");
  EXPECT_EQ(ntstatus_name(0xc0001234), "");
  EXPECT_EQ(ntstatus_name(0xffffffff), "");
  EXPECT_EQ(parameter_in_words({0x7a, {0xffffe00000000000, 0xffffffffc000000e, 0, 0}}, 1),
            "status: STATUS_NO_SUCH_DEVICE");
  EXPECT_EQ(parameter_in_words({0x7b, {0, 0xc0000034, 0, 0}}, 1),
            "status: STATUS_OBJECT_NAME_NOT_FOUND");
  EXPECT_EQ(parameter_in_words({0x74, {2, 0, 0, 0xc000014c}}, 3),
            "status: STATUS_REGISTRY_CORRUPT");
  EXPECT_EQ(parameter_in_words({0x116, {0, 0, 0xffffffffc000009a, 4}}, 2),
            "status of the last attempt: STATUS_INSUFFICIENT_RESOURCES");
  EXPECT_EQ(parameter_in_words({0xc000021a, {0, 0xc0000005, 0, 0}}, 1),
            "status: STATUS_ACCESS_VIOLATION");
  EXPECT_EQ(parameter_in_words({0xed, {0, 0xc0000032, 0, 0}}, 1),
            "status: STATUS_DISK_CORRUPT_ERROR");
  EXPECT_EQ(words_of({0xf5, {0x67, 1, 0, 0xffffffffc000009a}}),
            (Words{"kind of the failure: memory ran out", "record of the operation", "reserved",
                   "status: STATUS_INSUFFICIENT_RESOURCES"}));
  EXPECT_EQ(parameter_in_words({0x7b, {}}, 1), "status") << "0: no status was said";
  EXPECT_EQ(parameter_in_words({0x7b, {0, 0xc0001234, 0, 0}}, 1), "status");
  EXPECT_EQ(parameter_in_words({0x3b, {0xc000000e, 0, 0, 0}}, 0),
            "exception code: STATUS_NO_SUCH_DEVICE")
      << "a status that is no exception of its own";
}

TEST(Bugcheck, TellsALockOfAPageFromThePageTableEntry) {
  EXPECT_EQ(words_of({0x7a, {1, 0xc000009c, 0xffff8000, 0x1000}}),
            (Words{"a lock of kind 1 was held", "status: STATUS_DEVICE_DATA_ERROR", "process",
                   "address that was touched"}));
  EXPECT_EQ(words_of({0x7a, {3, 0, 0xffff8000, 0x1000}})[2], "record of the read; 0: none");
  EXPECT_EQ(
      words_of({0x7a, {0xfffff6fc40012345, 0, 0x1234, 0x1000}}),
      (Words{"page table entry", "status", "what that entry has", "address that was touched"}));
}

TEST(Bugcheck, TellsAnAccessViolationOfTheKernel) {
  EXPECT_EQ(words_of({0x1e, {0xffffffffc0000005, 0xfffff80000001000, 8, 0x40}}),
            (Words{"exception code: ACCESS_VIOLATION", "instruction that raised it",
                   "kind of access: execute", "address that was touched"}));
  EXPECT_EQ(words_of({0x1e, {0xc0000005, 0x80001000, 0, 0x40}})[2], "kind of access: read");
  EXPECT_EQ(words_of({0x1e, {0xffffffffc0000094, 0, 1, 0}}),
            (Words{"exception code: INTEGER_DIVIDE_BY_ZERO", "instruction that raised it",
                   "first parameter of the exception", "second parameter of the exception"}));
}

TEST(Bugcheck, ShowsPoolTagsAsText) {
  EXPECT_EQ(words_of({0xc2, {0xa, 0x1000, 0x20736453, 0xa0656c69}}),
            (Words{"kind of the misuse: memory was freed by another tag than it was allocated "
                   "with: it may be somebody else's",
                   "block that is freed", "tag that it was allocated with: 'Sds '",
                   "tag that it is freed by: 'ile '"}))
      << "the second with the flag of a protected block";
  EXPECT_EQ(parameter_in_words({0xc2, {0xa, 0, 0x01736453, 0}}, 2),
            "tag that it was allocated with");
  EXPECT_EQ(parameter_in_words({0xc2, {0xa, 0, 0, 0}}, 3), "tag that it is freed by");
  EXPECT_EQ(parameter_in_words({0xa5, {0xd, 0, 0x4449485f, 0}}, 2),
            "four letters that were looked for: '_HID'");
}

TEST(Bugcheck, ShowsWhoAskedForALiveDump) {
  EXPECT_EQ(parameter_in_words({0x161, {0x005461736b6d6772, 0, 0, 0}}, 0),
            "text that says who asked: Taskmgr");
  EXPECT_EQ(parameter_in_words({0x161, {0x1234, 0, 0, 0}}, 0), "text that says who asked");
}

TEST(Bugcheck, TellsValuesThatAreListed) {
  EXPECT_EQ(parameter_in_words({0x109, {0, 0, 0, 2}}, 3),
            "kind of what was changed: the table of interrupts (IDT) of a processor");
  EXPECT_EQ(parameter_in_words({0x109, {0, 0, 0, 0x999}}, 3), "kind of what was changed");
  EXPECT_EQ(parameter_in_words({0x50, {0, 0, 0, 0}}, 3),
            "kind of fault: the page is marked as freed");
  EXPECT_EQ(parameter_in_words({0x50, {0, 0, 0, 0xf}}, 3),
            "kind of fault: an address of a program, where the kernel must not touch one");
  EXPECT_EQ(parameter_in_words({0x50, {0, 0, 0, 6}}, 3), "kind of fault");
  EXPECT_EQ(parameter_in_words({0x7f, {0x12, 0, 0, 0}}, 0),
            "number of the trap: a machine check: a fault of hardware");
  EXPECT_EQ(parameter_in_words({0x13a, {0xb, 0, 0, 0}}, 0),
            "kind of the damage: it looks as if memory was used after it was freed");
  EXPECT_EQ(words_of({0x13c, {1, 2, 0, 0}}),
            (Words{"thread", "the raise, or how often it is slowed", "reserved", "reserved"}));
  EXPECT_EQ(parameter_in_words({0x9c, {}}, 1), "record of the machine check (MCA_EXCEPTION)");
}

TEST(Bugcheck, ExplainsAFailoverCluster) {
  EXPECT_EQ(words_of({0x9e, {0xffff8000, 1200, 0x65, 0}}),
            (Words{"process that did not answer", "time that it had, in seconds",
                   "watchdog that ran out: a disk hung as a resource, and its host (RHS) did not "
                   "end",
                   "reserved"}));
  EXPECT_EQ(parameter_in_words({0x1c9, {0, 0, 0xc9, 0}}, 2),
            "watchdog that ran out: a disk hung as a type of resource, and its host (RHS) did not "
            "end")
      << "the live dump has the bugcheck's values";
  EXPECT_EQ(parameter_in_words({0x166, {0, 0, 3, 0}}, 2), "the call: online");
  EXPECT_EQ(parameter_in_words({0x16f, {0, 2, 0, 0}}, 1), "what is waited for: to be drained");
}

/// Codes that a server meets and that were told by name alone.
TEST(Bugcheck, HasAMeaningForWhatAServerMeets) {
  for (const std::uint32_t code :
       {0x3fU,  0x4dU,  0x9eU,  0xc6U,  0xccU,  0xcdU,  0xedU,  0xf0U,  0x102U, 0x141U, 0x165U,
        0x166U, 0x167U, 0x168U, 0x169U, 0x16aU, 0x16bU, 0x16fU, 0x170U, 0x188U, 0x18cU, 0x1dbU}) {
    const auto text = bugcheck_text({.code = code});
    EXPECT_FALSE(text.meaning.empty()) << text.name;
    EXPECT_FALSE(text.parameters[0].empty()) << text.name;
  }
}

constexpr std::uint32_t kNamed[] = {
#define VIGIL_BUGCHECK_NAME(code, name) code,
#include "analysis/bugcheck_names_000.inc"
#include "analysis/bugcheck_names_100.inc"
#undef VIGIL_BUGCHECK_NAME
};

TEST(Bugcheck, HasAMeaningForEachNameAndWordsForEachParameter) {
  for (const auto code : kNamed) {
    for (const std::uint64_t value : {0U, 1U, 2U, 3U, 8U, 0x10U, 0x1001U, 0x7ffffffU}) {
      const snapshot::Bugcheck bugcheck{code, {value, value, value, value}};
      const auto text = bugcheck_text(bugcheck);
      EXPECT_FALSE(text.meaning.empty()) << text.name;
      for (const auto& parameter : text.parameters) {
        EXPECT_FALSE(parameter.empty()) << text.name << " " << value;
        EXPECT_EQ(parameter.find('?'), std::string::npos) << text.name << " " << value;
      }
    }
  }
}

/// `reserved` and `not documented` are told apart, and neither stands for words that there are.
TEST(Bugcheck, SaysWhyAParameterHasNoWords) {
  EXPECT_EQ(words_of({0x109, {}}),
            (Words{"reserved", "reserved", "reserved", "kind of what was changed: data"}));
  EXPECT_EQ(words_of({0xe2, {}}), (Words{"not used", "not used", "not used", "not used"}));
  EXPECT_EQ(words_of({0x2, {}}),
            (Words{"not documented", "not documented", "not documented", "not documented"}));
  EXPECT_EQ(words_of({0x116, {1, 2, 0, 4}})[3], "more about it, where known");
  EXPECT_EQ(words_of({0xfe, {2, 0, 0, 0}}),
            (Words{"kind of the failure: a request (URB) was sent that is still on its way",
                   "the pending request (IRP)", "the new request (IRP)", "the request (URB)"}));
  EXPECT_EQ(words_of({0x7ffffff, {}}), (Words{"", "", "", ""})) << "a code that is not known";
}

TEST(Bugcheck, SaysWhereOnlyTheNameIsDocumented) {
  EXPECT_EQ(bugcheck_text({.code = 0x43}).meaning,
            "a partition was used that there is not (only its name is documented)");
  EXPECT_EQ(bugcheck_text({.code = 0x2}).meaning,
            "the queue of a device was found idle that had to be busy");
}

}  // namespace
}  // namespace vigil::analysis
