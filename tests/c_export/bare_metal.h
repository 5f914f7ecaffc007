/* What run.c needs on a Cortex-M without an operating system: the vector table, and output and exit by semihosting
 * (Arm, Semihosting for AArch32 and AArch64), which QEMU answers. Code and data lie where bare_metal.ld puts them; QEMU
 * loads both and clears the rest. */

int main(void);

static int semihost(int operation, const void* argument) {
  register int r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void say(const char* text) { semihost(0x04, text); } /* SYS_WRITE0 */

static void finish(int status) {
  const int block[2] = {0x20026, status}; /* ADP_Stopped_ApplicationExit */
  for (;;) semihost(0x20, block);         /* SYS_EXIT_EXTENDED */
}

void stack_top(void); /* its address is what counts */
void start(void);

static void fault(void) {
  say("fault\n");
  finish(2);
}

void start(void) {
#if defined(__ARM_FP)
  *(volatile unsigned*)0xe000ed88 |= 0xfu << 20; /* CPACR: the floating-point unit on */
  __asm__ volatile("dsb\n isb");
#endif
  finish(main());
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    stack_top, start, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault};
