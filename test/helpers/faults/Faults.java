// Sick and healthy JVMs for the readings: java Faults.java MODE. Each prints "ready" once it is what its mode says.
import java.util.ArrayList;
import java.util.List;

public class Faults {
  static final Object ONE = new Object();
  static final Object OTHER = new Object();
  static volatile Object sink;

  static void lockBoth(Object first, Object second) {
    synchronized (first) {
      try {
        Thread.sleep(300);
      } catch (InterruptedException ignored) {
      }
      synchronized (second) {
        sink = second;
      }
    }
  }

  public static void main(String[] words) throws Exception {
    switch (words[0]) {
      case "deadlock" -> {
        new Thread(() -> lockBoth(ONE, OTHER), "first").start();
        new Thread(() -> lockBoth(OTHER, ONE), "second").start();
        Thread.sleep(1000);
        System.out.println("ready");
      }
      case "gc" -> {
        // All but a little of the heap lives.
        List<byte[]> kept = new ArrayList<>();
        long most = (long) (Runtime.getRuntime().maxMemory() * 0.80);
        for (long held = 0; held < most; held += 1024) kept.add(new byte[1000]);
        System.out.println("ready");
        for (int at = 0; ; at = (at + 1) % kept.size()) {
          kept.set(at, new byte[1000]);
          sink = new byte[200];
        }
      }
      case "churn" -> {
        // Healthy: makes garbage, and rests.
        System.out.println("ready");
        for (; ; ) {
          for (int made = 0; made < 200; made++) sink = new byte[4096];
          Thread.sleep(2);
        }
      }
      default -> System.exit(2);
    }
  }
}
