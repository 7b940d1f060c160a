// SPDX-License-Identifier: Apache-2.0
// What decorated names can say. compare_names.py compiles it for the names alone; nothing here
// runs.
using size = decltype(sizeof(0));
void* operator new(size, void* at) noexcept {
  return at;
}

namespace std {
using nullptr_t = decltype(nullptr);
struct strong_ordering {
  int value;
};
template <class T>
struct allocator {
  T* allocate(size);
};
template <class T>
T* allocator<T>::allocate(size) {
  return nullptr;
}
template <class T, class A = allocator<T>>
struct vector {
  void push_back(const T&);
  ~vector();
  struct iterator {
    iterator& operator++();
  };
};
template <class T, class A>
void vector<T, A>::push_back(const T&) {}
template <class T, class A>
vector<T, A>::~vector() {}
template <class T, class A>
auto vector<T, A>::iterator::operator++() -> iterator& {
  return *this;
}
template struct vector<int>;
template struct vector<vector<const char*>>;
}  // namespace std

namespace types {
struct Class {
  int member;
  void method(int) const;
};
enum Plain { kOne, kTwo };
enum class Scoped : char { One, Two };
union Union {
  int a;
};
template <class... T>
void takes() {}
template <auto... V>
void values() {}
template <template <class...> class T>
void of_template() {}
template <class... T>
struct Pack {
  template <class... U>
  void both(T..., U...) {}
};
template <class T, int N>
struct Array {
  T data[N];
  T& operator[](int i) { return data[i]; }
  operator T*() { return data; }
  template <class U>
  operator U() {
    return U();
  }
};
int global;
static int local_global;
void function(int) {}
struct Literal {
  int x;
  char y;
};

void all() {
  takes<int, unsigned, char, signed char, unsigned char, short, unsigned short, long, unsigned long,
        long long, unsigned long long, bool, wchar_t, char16_t, char32_t, char8_t, float, double,
        long double, std::nullptr_t>();
  takes<int*, const int*, int* const, const volatile int*, int**, const char* const*, int&,
        const int&, int&&>();
  takes<void (*)(int, ...), int (&)(const char*), void(int), void() noexcept, void (*)() noexcept,
        int (**)()>();
  takes<int(*)[3], int(&)[3][4], int[5], const int[6], int[]>();
  takes<int Class::*, void (Class::*)(int) const, void (Class::*)()&, void (Class::*)()&&,
        const int Class::*>();
  takes<int (*(*)(char))(int), int(*(*)())[3], void (*(*)(void (*)(int)))(char)>();
  takes<Class, Plain, Scoped, Union, const Class, Class*, const Scoped&>();
  takes<void() const, void() volatile&, int(Class*, Class*, Class&, Class&)>();
  takes<>();
  takes<std::vector<std::vector<int>>, Array<Array<int, 2>, 3>>();
  takes<int* __restrict, void (*)(int*, const int*, int*, const int*)>();
  values<1, -1, 0, 10, 11, -255, 1ull << 63, true, false, 'a', 5u, 7ll>();
  values<Scoped::Two, kTwo, nullptr, &global, &function, &Class::member, &Class::method>();
  values<Literal{1, 'c'}>();
  values<1.5f>();
  values<>();
  of_template<std::vector>();
  of_template<Pack>();
  Pack<int, char>().both<long, short*>(1, 'c', 2, nullptr);
  Pack<>().both<>();
  Array<int, 3> array;
  array[1] = *static_cast<int*>(array);
  (void)static_cast<Class>(array);
}
}  // namespace types

namespace operators {
using FromChar = int (*)(char);
struct A {
  A();
  A(const A&);
  A(A&&);
  explicit A(int);
  template <class T>
  A(T*) {}
  virtual ~A();
  A& operator=(const A&) { return *this; }
  A& operator=(A&&) { return *this; }
  A operator+(const A&) const { return *this; }
  A operator-(const A&) const { return *this; }
  A operator*(const A&) const { return *this; }
  A operator/(const A&) const { return *this; }
  A operator%(const A&) const { return *this; }
  A operator^(const A&) const { return *this; }
  A operator&(const A&) const { return *this; }
  A operator|(const A&) const { return *this; }
  A operator~() const { return *this; }
  bool operator!() const { return true; }
  bool operator==(const A&) const { return true; }
  bool operator!=(const A&) const { return true; }
  bool operator<(const A&) const { return true; }
  bool operator>(const A&) const { return true; }
  bool operator<=(const A&) const { return true; }
  bool operator>=(const A&) const { return true; }
  std::strong_ordering operator<=>(const A&) const { return {0}; }
  A& operator+=(const A&) { return *this; }
  A& operator-=(const A&) { return *this; }
  A& operator*=(const A&) { return *this; }
  A& operator/=(const A&) { return *this; }
  A& operator%=(const A&) { return *this; }
  A& operator^=(const A&) { return *this; }
  A& operator&=(const A&) { return *this; }
  A& operator|=(const A&) { return *this; }
  A& operator<<=(int) { return *this; }
  A& operator>>=(int) { return *this; }
  A operator<<(int) const { return *this; }
  A operator>>(int) const { return *this; }
  bool operator&&(const A&) const { return true; }
  bool operator||(const A&) const { return true; }
  A& operator++() { return *this; }
  A operator++(int) { return *this; }
  A& operator--() { return *this; }
  A operator,(int) const { return *this; }
  A* operator->() { return this; }
  int operator->*(int) { return 1; }
  void operator()() {}
  template <class T>
  void operator()(T) const {}
  int operator[](int) { return 1; }
  operator int() const { return 1; }
  operator const char*() const { return ""; }
  operator FromChar() const { return nullptr; }
  template <class T>
  operator T*() const {
    return nullptr;
  }
  template <class T>
  bool operator<(T) const {
    return true;
  }
  void* operator new(size) { return nullptr; }
  void* operator new[](size) { return nullptr; }
  void operator delete(void*) {}
  void operator delete[](void*) {}
  bool operator co_await() { return true; }
  void lvalue() & {}
  void rvalue() && {}
  void both() const volatile {}
};
A::A() {}
A::A(const A&) {}
A::A(A&&) {}
A::A(int) {}
A::~A() {}
long long operator"" _suffix(unsigned long long value) {
  return value;
}
template <char... C>
int operator"" _digits() {
  return sizeof...(C);
}
}  // namespace operators

void use_operators(operators::A& a) {
  using operators::A;
  using namespace operators;
  const A& c = a;
  A moved(static_cast<A&&>(a)), number(1), pointer(&a), other = c;
  a = c;
  a = static_cast<A&&>(moved);
  (void)(c + c), (void)(c - c), (void)(c * c), (void)(c / c), (void)(c % c), (void)(c ^ c),
      (void)(c & c), (void)(c | c);
  (void)~c, (void)!c, (void)(c == c), (void)(c != c), (void)(c < c), (void)(c > c), (void)(c <= c),
      (void)(c >= c);
  (void)(c <=> c), a += c, a -= c, a *= c, a /= c, a %= c, a ^= c, a &= c, a |= c, a <<= 1, a >>= 1;
  (void)(c << 1), (void)(c >> 1), (void)(c && c), (void)(c || c), ++a, a++, --a, (void)(c, 1),
      a.operator->(), a->*1;
  a(), c(1), c("x"), a[1], (void)c.operator int(), (void)c.operator const char*(),
      (void)static_cast<double*>(c);
  (void)c.operator FromChar();
  (void)(c < 1.5), a.lvalue(), static_cast<A&&>(a).rvalue(), c.both(), a.operator co_await();
  delete new A;
  delete[] new A[2];
  (void)12_suffix;
  (void)123_digits;
}

namespace scopes {
namespace {
struct Hidden {
  virtual ~Hidden() {}
  virtual void run() {}
};
int counter() {
  static int count = use_operators ? 1 : 2;
  return ++count;
}
template <class T>
int of_hidden(T) {
  return 1;
}
}  // namespace
inline namespace v1 {
struct Inner {
  struct Deeper {
    Deeper* self(const Inner&, Deeper, Deeper*) { return this; }
  };
};
}  // namespace v1

template <class F>
int call(F f) {
  return f(1);
}
inline int with_local(int n) {
  static int first = counter();
  static thread_local int second = counter();
  struct Local {
    int get() {
      static int third = counter();
      struct Nested {
        int get() { return 1; }
      };
      return third + Nested().get();
    }
  };
  {
    static int first = counter();
    n += first;
  }
  auto generic = [&](auto x) { return x + n; };
  auto nested = [n](int x) { return call([x, n](int y) { return x + y + n; }); };
  enum { kHere };
  return first + second + Local().get() +
         call([](auto t) { return static_cast<int>(sizeof(t)) + kHere; }) + generic(1) + nested(2) +
         call(generic) + call(nested) +
         call([](auto... all) { return static_cast<int>(sizeof...(all)); });
}
auto global_lambda = [](int x) { return x; };
struct WithLambda {
  int member = [] { return 1; }();
  int with_default(int x = [] { return 2; }()) { return x; }
};
template <class T>
struct Static {
  static T value;
  static int count;
  inline static T* pointer = new T();
};
template <class T>
T Static<T>::value = T();
template <class T>
int Static<T>::count = counter();
template <class T>
int variable = counter();
struct {
  int x;
  int get() { return x; }
} unnamed;
using Unnamed = decltype(unnamed);
template <class T>
void of_unnamed(T) {}

int use() {
  Hidden hidden;
  hidden.run();
  of_unnamed(unnamed);
  return with_local(1) + counter() + of_hidden(hidden) + of_hidden(&hidden) + unnamed.get() +
         global_lambda(1) + WithLambda().member + WithLambda().with_default() +
         Static<Inner>::count + variable<int> + (Inner::Deeper().self({}, {}, nullptr) != nullptr) +
         (Static<long>::pointer != nullptr) + (&Static<int>::value != nullptr);
}
}  // namespace scopes

namespace classes {
struct Base {
  virtual ~Base() {}
  virtual Base* clone() { return this; }
  virtual void f() {}
};
struct Other {
  virtual ~Other() {}
  virtual void g() {}
};
struct Virtual : virtual Base, virtual Other {
  Virtual() {}
  void f() override {}
  void g() override {}
  Virtual* clone() override { return this; }
};
struct Derived : Base, Other {
  using Base::Base;
  void g() override {}
  Derived* clone() override { return this; }
};
struct Most : Virtual, Derived {
  void f() override {}
  void g() override {}
  Most* clone() override { return this; }
};
template <class T>
struct Of : T {
  virtual void h(T*, const T&) {}
  void g() override {}
};
struct WithInt {
  explicit WithInt(int) {}
};
struct Inherits : WithInt {
  using WithInt::WithInt;
};
void throws(int n) {
  Virtual v;
  Derived d;
  Most m;
  Of<Most> o;
  Inherits i(n);
  void (Other::*pointer)() = &Other::g;
  (d.*pointer)();
  (void)o;
  if (n) throw Derived();
  if (n) throw &m;
}
}  // namespace classes

namespace expressions {
template <bool B, class T = void>
struct If {};
template <class T>
struct If<true, T> {
  using type = T;
};
template <class T>
struct Traits {
  static constexpr bool value = sizeof(T) > 1;
  static constexpr int number = 3;
  using type = T;
};
template <class T>
typename If<Traits<T>::value && !(sizeof(T) == 2), int>::type enabled(T) {
  return 1;
}
template <class T>
auto added(T a, T b) -> decltype(a + b * 2) {
  return a + b;
}
template <class T, class... U>
auto called(T t, U... u) -> decltype(t(u...)) {
  return t(u...);
}
template <class T>
auto member(T t) -> decltype(t.x.y, t->z, T(), T{}, static_cast<int>(t)) {
  return 0;
}
template <class... T>
typename If<(Traits<T>::value && ...), int>::type folded(T...) {
  return 1;
}
template <class T, int N>
void sized(T (&)[N], int (&)[N + 1]) {}
template <class T>
void nothing(typename Traits<T>::type*,
             decltype(sizeof(T)),
             decltype(T::number)) noexcept(noexcept(T())) {}
template <class... T>
void packed(void (*)(T...), If<sizeof(T) == 1, T>*...) {}
inline void takes_two(int, char) {}
inline void takes_none() {}
int use() {
  int three[3], four[4];
  sized(three, four);
  nothing<Traits<int>>(nullptr, 1, 2);
  packed(&takes_two, static_cast<If<false, int>*>(nullptr), static_cast<If<true, char>*>(nullptr));
  packed(&takes_none);
  return enabled(1) + added(1, 2) + called([](int a) { return a; }, 1) + folded(1, 2, 3);
}
}  // namespace expressions

extern "C" int c_function(int n) {
  static int first = scopes::use();
  struct Local {
    void run() {}
  };
  Local().run();
  types::all();
  classes::throws(n);
  return first + expressions::use();
}
